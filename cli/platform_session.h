#pragma once
// A platform of the project's configuration, ready to be talked to: acceptance, token, connection.

#include "cli/environment.h"
#include "cli/project.h"
#include "proxy/http_client.h"
#include "proxy/platform_client.h"
#include "proxy/sync_config.h"
#include "vault/scanner.h"
#include "vault/vault.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

// Only a configuration a person accepted may name places for secrets: kDenied, recorded as
// config.refused. The one place that decides it for sync and pull.
Status check_sync_accepted(Environment& environment, const Project& project);

// Option --platform.
Option platform_option(const std::string& name, const std::string& help,
                       std::optional<std::string>* target);

struct TargetChoice {
  std::string environment;
  std::optional<std::string> platform;
  std::optional<std::string> project;  // id there
  std::optional<std::string> place;
};
// kNotFound, saying what to write into the configuration, when there is none.
Result<std::vector<SyncTarget>> choose_targets(const Project& project, const TargetChoice& choice);

// Tokens by what the configuration calls them: each opened once.
class PlatformTokens {
 public:
  // Full names in the vault of the targets' tokens, each once.
  static std::vector<std::string> names(const std::vector<SyncTarget>& targets);

  void put(OpenedSecret secret) { opened_.push_back(std::move(secret)); }
  // From the environment, which then has it no more. kNotFound: it is unset or empty.
  Status take_variables(const std::vector<SyncTarget>& targets);

  // kInvalid: it cannot stand in a header.
  Result<const SecretBytes*> find(const SyncTarget& target) const;
  bool is_one(const SecretBytes& value) const;
  // For the guard of the record.
  std::vector<LoadedSecret> named() const;

 private:
  struct Variable {
    std::string name;
    SecretBytes value;
  };
  std::vector<OpenedSecret> opened_;
  std::vector<Variable> variables_;
};

// One connection; tools() are good as long as this and the token live.
class PlatformSession {
 public:
  static Result<PlatformSession> open(const Platform& platform, const SyncTarget& target,
                                      const SecretBytes& token);
  const PlatformTools& tools() const { return tools_; }

 private:
  std::shared_ptr<HttpClient> client_;
  PlatformTools tools_;
};

// "denied, status 401 after 1 attempt", for the terminal.
std::string spoken_ending(PlatformResult result, int status, unsigned attempts,
                          const std::string& trouble);

}  // namespace phantom
