#pragma once
// A platform that keeps environment variables or secrets, as phantom talks to it: which requests
// say what, and what the answers mean. Pure: nothing here sends anything. One file per platform,
// platform_<name>.cc, and one line in platform.cc.

#include "events/result.h"
#include "ledger/secret_bytes.h"
#include "proxy/http_client.h"
#include "proxy/sync_config.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// One variable as it stands there, for some of the platform's environments.
struct RemoteEntry {
  std::string id;  // what the platform calls it in requests; may be empty
  std::string name;
  std::vector<std::string> places;   // environments it holds for
  std::optional<SecretBytes> value;  // none: the platform does not give it
};

struct ListPage {
  std::vector<RemoteEntry> entries;
  std::string next;  // names the page after this one; empty on the last
};

// How a request ended, in words that are safe to print and to record: nothing of what a platform
// writes gets further than this.
enum class PlatformResult {
  kDone,
  kDenied,  // 401, 403, or the like
  kNotFound,
  kConflict,  // it is there already, or changed meanwhile
  kInvalid,   // the platform finds the request wrong
  kRefused,   // it says no for a reason it has no code for
  kRateLimited,
  kServerError,
  kUnreachable,    // no connection, lost, or too slow
  kNotUnderstood,  // the answer is not in the published shape
  kUncertain       // a request that must not be repeated may or may not have been acted on
};
const char* platform_result_name(PlatformResult result);  // kebab-case
bool is_temporary(PlatformResult result);                 // nothing was done, and later it may work

enum class WriteAction { kCreate, kUpdate, kDelete };
const char* write_action_name(WriteAction action);

struct WriteItem {
  WriteAction action = WriteAction::kCreate;
  std::string name;
  const SecretBytes* value = nullptr;                               // of create and update
  std::string entry_id;                                             // of update and delete
  std::vector<std::string> places;                                  // of the entry
  enum class Siblings { kNone, kSome } siblings = Siblings::kNone;  // entries with the same name
};

// What a platform wants to be asked for before values can be sent.
struct SealingKey {
  std::string id;
  Bytes key;
};

class Platform {
 public:
  virtual ~Platform() = default;

  virtual std::string_view name() const = 0;
  virtual std::string_view api() const = 0;  // https://host
  enum class Grouping {
    kTogether,  // one variable may hold for several environments
    kOneByOne   // each environment has variables of its own
  };
  virtual Grouping grouping() const { return Grouping::kOneByOne; }
  enum class Pull { kValues, kNone };
  virtual Pull pull() const { return Pull::kValues; }

  // kInvalid: an id is missing, is none of the platform's, or there is no such environment.
  virtual Status check_config(const SyncConfig& config) const = 0;
  // Why a secret cannot go there under that name, as a sentence's end ("is too long for ..."); none
  // when it can.
  virtual std::optional<std::string> name_problem(std::string_view name) const = 0;
  virtual std::optional<std::string> value_problem(const SecretBytes& value) const;
  // The form in which names are compared there.
  virtual std::string canonical_name(std::string_view name) const { return std::string(name); }

  virtual HttpField authorization(const SyncTarget& target, std::string_view token) const;

  // `page` is empty for the first one.
  virtual HttpRequest list_request(const SyncTarget& target, const std::string& page) const = 0;
  // kInvalid: not in the published shape.
  virtual Result<ListPage> read_list(const SyncTarget& target, const std::string& page,
                                     const HttpAnswer& answer) const = 0;

  // None: values go as they are.
  virtual std::optional<HttpRequest> key_request(const SyncTarget&) const { return std::nullopt; }
  virtual Result<SealingKey> read_key(const HttpAnswer& answer) const;

  // The body carries the value: wipe it when it was sent. Resend::kByMethod marks what must not be
  // repeated blindly.
  virtual Result<HttpRequest> write_request(const SyncTarget& target, const WriteItem& item,
                                            const SealingKey& key) const = 0;

  // What an answer means, by its status. Platforms that report errors in a 200 say so.
  virtual PlatformResult judge(const HttpAnswer& answer) const;
};

const std::vector<const Platform*>& platforms();
const Platform* find_platform(std::string_view name);

const Platform& vercel_platform();
const Platform& railway_platform();
const Platform& github_platform();
const Platform& fly_platform();
const Platform& netlify_platform();
const Platform& cloudflare_platform();

// Shared by platforms.
PlatformResult result_of_status(const HttpAnswer& answer);
bool is_platform_id(std::string_view text);  // safe as one segment of a path
// A letter or `_`, then letters, digits and `_`, at most `bytes_max`.
std::optional<std::string> variable_name_problem(std::string_view name, std::size_t bytes_max);
// kInvalid unless every environment of `config` is one of `words`.
Status check_places(const SyncConfig& config, const std::vector<std::string_view>& words);
Status need_id(std::string_view key, std::string_view value, std::string_view what);
Status refuse_key(std::string_view key, std::string_view value, std::string_view platform);

}  // namespace phantom
