#pragma once
// What `init` does for one project: everything, or nothing of the secrets.

#include "cli/environment.h"
#include "cli/init_plan.h"
#include "vault/unlock.h"
#include "vault/vault_file.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

enum class InitMode { kDo, kTell };

struct InitRequest {
  std::filesystem::path directory;
  std::string environment;
  std::optional<std::string> from;  // this file only
  bool empty = false;               // no dotenv files
  bool own = false;                 // a project above the directory is not the one
  UnlockMethod method = UnlockMethod::kPassphrase;
  bool adopt = false;
  bool replace = false;
  InitMode mode = InitMode::kDo;
};

struct InitOutcome {
  std::string project_id;
  std::filesystem::path root;
  std::vector<std::string> secrets;  // names that were taken, or would be
  std::vector<std::string> files;    // base names that were rewritten, or would be
  std::string diff;                  // with kTell
  bool is_new = false;               // the project had no configuration or no vault
  bool asks_for_routes = false;      // its own routes have to be accepted
};

// Says on standard error what it finds and does. `input` must outlive the call. On an error the
// dotenv files are as they were and the vault has nothing new; docs/DECISIONS.md says what a killed
// process leaves and how the next run goes on from there.
Result<InitOutcome> run_init(Environment& environment, const InitRequest& request,
                             UnlockInput& input);

}  // namespace phantom
