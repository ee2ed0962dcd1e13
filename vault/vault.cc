#include "vault/vault.h"

#include "events/sha256.h"
#include "events/tags.h"
#include "vault/dotenv.h"
#include "vault/placeholder.h"
#include "vault/scanner.h"
#include "vault/vault_events.h"
#include "vault/vault_history.h"
#include "vault/vault_store.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

// Where a process can be killed during a change, and what the next one to open the vault finds:
//
//   killed after                          on disk              in the ledger     then
//   1 nothing                             current = before     -                 nothing to do
//   2 the staged file is durable          before, staged       -                 removed later
//   3 vault.change.requested is durable   before, staged       requested         renamed, completed
//   4 the rename                          after, or as in 3    requested         completed
//   5 vault.change.completed is durable   after                both              nothing to do
//
// The request is the point of no return. Two processes that both find state 3 both try the rename:
// the staged file exists once, so one succeeds and the other sees that it is gone. Completed events
// are conditional on the request being the newest event of the vault, so there is one of each.

namespace phantom {
namespace {

constexpr int kLoadAttemptsMax = 32;
constexpr int kConflictAttemptsMax = 8;
constexpr int kPassphraseAttemptsMax = 3;
constexpr std::size_t kChangesPerEventMax = 100;
constexpr std::size_t kNamesPerEventMax = 200;

// The state of a vault file that ledger and disk agree on.
struct Agreed {
  std::optional<Bytes> file;  // none: there is no vault
  std::optional<Digest> digest;
  std::optional<Seq> newest;  // of the events filed under the vault
};

Result<std::optional<Bytes>> read_current(const VaultOptions& options) {
  Result<Bytes> bytes =
      read_file(vault_path(options.home, options.context.project), kVaultBytesMax);
  if (bytes.ok()) return std::optional<Bytes>(std::move(*bytes));
  if (bytes.error().code == Code::kNotFound) return std::optional<Bytes>();
  return std::move(bytes.error());
}

Result<Receipt> append_completed(const VaultOptions& options, Seq requested,
                                 const VaultChangeNote& note, Ending ending) {
  Draft draft = vault_change_completed(options.context, requested, note, ending);
  draft.conditions.push_back({vault_tag(options.context.project), requested});
  return options.appender->append(std::move(draft));
}

// kConflict means that another process completed it.
Status complete_for_another(const VaultOptions& options, const LastChange& change, Ending ending) {
  Result<Receipt> receipt = append_completed(options, change.requested, change.note, ending);
  if (receipt.ok() || receipt.error().code == Code::kConflict) return {};
  return std::move(receipt.error());
}

Error not_the_known_file(const VaultOptions& options, VaultVerdict verdict) {
  const std::string path = vault_path(options.home, options.context.project).string();
  if (verdict == VaultVerdict::kMissing) {
    return {Code::kCorrupt, "vault file " + path + " is missing, but the ledger knows of one",
            "put the newest copy of the file back; 'phantom audit show --type "
            "vault.change.requested' lists its changes"};
  }
  return {Code::kCorrupt,
          "vault file " + path + " is not the one the ledger knows (an old copy put back?)",
          "put the newest copy of the file back, or find out who replaced it: 'phantom audit show "
          "--type vault.change.requested' lists its changes"};
}

// Brings ledger and disk to agree, finishing what a killed process left open.
Result<Agreed> agree(const VaultOptions& options) {
  const std::string& project = options.context.project;
  const std::filesystem::path current = vault_path(options.home, project);
  for (int attempt = 0; attempt < kLoadAttemptsMax; ++attempt) {
    PH_TRY(options.reader->catch_up());
    PH_ASSIGN(const std::optional<LastChange> last, read_last_change(*options.reader, project));
    VaultFiles files;
    std::filesystem::path staged;
    if (last && last->ending == ChangeEnding::kOpen) {
      staged = staged_vault_path(options.home, project, last->note.vault_version,
                                 last->note.digest_after);
      Result<Bytes> waiting = read_file(staged, kVaultBytesMax);
      files.staged = waiting.ok() && sha256(*waiting) == last->note.digest_after;
    }
    PH_ASSIGN(std::optional<Bytes> file, read_current(options));
    if (file) files.current = sha256(*file);

    const VaultVerdict verdict = judge_vault(last, files);
    switch (verdict) {
      case VaultVerdict::kAbsent:
      case VaultVerdict::kGood: {
        Agreed agreed{std::move(file), files.current, std::nullopt};
        if (last) agreed.newest = last->newest;
        return agreed;
      }
      case VaultVerdict::kPublish:
        // The completed event follows when the next round finds the file in place.
        PH_TRY(publish_vault(staged, current));
        break;
      case VaultVerdict::kMarkDone:
        PH_TRY(complete_for_another(options, *last, {Outcome::Ok, Reason::None}));
        break;
      case VaultVerdict::kMarkFailed:
        PH_TRY(complete_for_another(options, *last, {Outcome::Failed, Reason::Interrupted}));
        break;
      case VaultVerdict::kMissing:
      case VaultVerdict::kUnknownFile: {
        // A change that was recorded after the history was read explains a newer file.
        PH_ASSIGN(const bool moved, options.reader->catch_up());
        if (!moved) return not_the_known_file(options, verdict);
        break;
      }
    }
  }
  return Error{Code::kBusy, "the vault of project " + project + " keeps changing", "try again"};
}

Status check_options(const VaultOptions& options) {
  PH_CHECK(options.appender != nullptr && options.reader != nullptr, "a vault needs its ledger");
  PH_CHECK(options.clock != nullptr && options.random != nullptr, "a vault needs clock and random");
  if (!is_valid_project(options.context.project)) {
    return Error{Code::kInvalid, "a project id is 1 to 64 of a-z, 0-9 and '-'",
                 "correct project_id in .phantom.toml"};
  }
  return {};
}

Error no_vault(const std::string& project) {
  return {Code::kNotFound, "project " + project + " has no vault", "run 'phantom init'"};
}

Result<VaultImage> parse_for(const std::string& project, const Bytes& file) {
  PH_ASSIGN(VaultImage image, parse_vault(file));
  if (image.header.project != project) {
    return Error{Code::kCorrupt, "the vault file belongs to project " + image.header.project};
  }
  return image;
}

SecretInfo info_of(const VaultRecord& record) {
  return {record.name, record.version, record.created_ns, record.changed_ns, record.placeholder};
}

std::vector<SecretInfo> infos_of(const VaultImage& image) {
  std::vector<SecretInfo> infos;
  infos.reserve(image.records.size());
  for (const VaultRecord& record : image.records) infos.push_back(info_of(record));
  return infos;
}

auto find_record(auto& records, const std::string& name) {
  const auto place = std::lower_bound(
      records.begin(), records.end(), name,
      [](const VaultRecord& record, const std::string& wanted) { return record.name < wanted; });
  return std::pair(place, place != records.end() && place->name == name);
}

// An event must not carry a value, and a name that holds it would.
Status check_name_against_value(const VaultChange& change) {
  const SecretScanner scanner({{change.name, &change.value}});
  if (!scanner.find(as_bytes(change.name))) return {};
  return Error{Code::kDenied, "the name of the secret contains its value; refused",
               "names are recorded in clear: choose one that says what the secret is for"};
}

Status check_changes(const std::vector<VaultChange>& changes) {
  std::set<std::string_view> names;
  for (const VaultChange& change : changes) {
    if (!is_valid_key(change.name)) {
      return Error{Code::kInvalid,
                   "a secret's name is made of letters, digits, '_', '.' and '-', starts with a "
                   "letter or '_' and has at most " +
                       std::to_string(kKeyBytesMax) + " characters"};
    }
    if (!names.insert(change.name).second) {
      return Error{Code::kInvalid, change.name + " is named twice in one change"};
    }
    if (change.action == VaultChange::Action::kDelete) continue;
    if (change.value.empty())
      return Error{Code::kInvalid, "the value of " + change.name + " is empty"};
    if (change.value.text().starts_with(kPlaceholderPrefix)) {
      return Error{Code::kInvalid,
                   "the value of " + change.name + " is a placeholder, not a secret"};
    }
    PH_TRY(check_name_against_value(change));
  }
  return {};
}

}  // namespace

struct Vault::State {
  VaultOptions options;
  VaultKeys keys;
  VaultImage image;
  std::optional<Digest> digest;
  std::optional<Seq> newest;
  // The ledger or the file may have moved on: read both again before the next change.
  bool stale = false;

  const std::string& project() const { return options.context.project; }

  Status unlock(const Bytes& file) {
    PH_ASSIGN(image, parse_for(project(), file));
    for (int attempt = 1;; ++attempt) {
      PH_ASSIGN(const UnlockKey key,
                options.unlocker->for_open(image.header.method, project(), attempt));
      PH_ASSIGN(keys, derive_vault_keys(image.header, key.input));
      if (check_vault_key(image.header, keys)) {
        PH_TRY(authenticate_vault(file, keys));
        PH_TRY(options.appender->append(vault_unlocked(options.context, key.source)));
        return {};
      }
      PH_TRY(options.appender->append(
          vault_unlock_failed(options.context, key.source, Reason::WrongPassphrase)));
      if (key.source == "passphrase-prompt" && attempt < kPassphraseAttemptsMax) continue;
      if (key.method == UnlockMethod::kKeyFile) {
        return Error{Code::kDenied, "the key file does not open the vault of project " + project(),
                     "use the key file the vault was made with"};
      }
      return Error{Code::kDenied, "wrong passphrase for the vault of project " + project(),
                   key.source == "passphrase-env" ? "check PHANTOM_VAULT_PASSPHRASE" : "try again"};
    }
  }

  Status reload() {
    PH_ASSIGN(const Agreed agreed, agree(options));
    if (!agreed.file) return no_vault(project());
    PH_ASSIGN(VaultImage fresh, parse_for(project(), *agreed.file));
    if (!check_vault_key(fresh.header, keys)) {
      return Error{Code::kDenied, "the passphrase of the vault was changed meanwhile",
                   "run the command again"};
    }
    PH_TRY(authenticate_vault(*agreed.file, keys));
    image = std::move(fresh);
    digest = agreed.digest;
    newest = agreed.newest;
    stale = false;
    return {};
  }

  // The image after the changes; `note` gets what they did.
  Result<VaultImage> apply(std::span<const VaultChange> changes, VaultChangeNote& note) const {
    VaultImage next = image;
    for (const VaultChange& change : changes) {
      auto [place, present] = find_record(next.records, change.name);
      if (change.action == VaultChange::Action::kDelete) {
        if (!present) {
          return Error{Code::kNotFound, "there is no secret named " + change.name,
                       "'phantom list' shows the names"};
        }
        note.changes.push_back({change.name, "deleted", place->version});
        next.records.erase(place);
        continue;
      }
      VaultRecord record;
      record.name = change.name;
      record.changed_ns = options.clock->wall_ns();
      record.version = present ? place->version + 1 : 1;
      record.created_ns = present ? place->created_ns : record.changed_ns;
      record.placeholder = present ? place->placeholder : make_placeholder(*options.random);
      PH_TRY(seal_record(project(), change.value, keys, *options.random, record));
      note.changes.push_back({change.name, present ? "updated" : "created", record.version});
      if (present) {
        *place = std::move(record);
      } else {
        next.records.insert(place, std::move(record));
      }
    }
    return next;
  }

  // The two events around the rename. kConflict: somebody else changed the vault first.
  Status commit(VaultImage next, VaultChangeNote note) {
    next.header.version = image.header.version + 1;
    PH_ASSIGN(const Bytes file, encode_vault(next, keys));
    note.vault_version = next.header.version;
    note.digest_before = digest;
    note.digest_after = sha256(file);
    const std::filesystem::path staged =
        staged_vault_path(options.home, project(), note.vault_version, note.digest_after);
    PH_TRY(make_private_directory(options.home.vaults()));
    PH_TRY(write_file_durably(staged, file, 0600));

    Draft request = vault_change_requested(options.context, note);
    request.conditions.push_back({vault_tag(project()), newest});
    Result<Receipt> receipt = options.appender->append(std::move(request));
    if (!receipt.ok()) {
      stale = true;
      // A request that may have been recorded needs its file.
      if (receipt.error().code != Code::kIndeterminate) (void)discard_staged_vault(staged);
      return std::move(receipt.error());
    }
    PH_TRY(publish(staged, note, receipt->seq));
    image = std::move(next);
    digest = note.digest_after;
    return finish(note, receipt->seq);
  }

  Status publish(const std::filesystem::path& staged, const VaultChangeNote& note, Seq requested) {
    stale = true;
    Result<Publishing> published = publish_vault(staged, vault_path(options.home, project()));
    if (published.ok() && *published == Publishing::kDone) return {};
    if (published.ok()) return find_out(requested);
    if (published.error().code == Code::kIndeterminate) return std::move(published.error());
    // Only once the staged file is gone can nobody rename it any more, and the change has failed.
    PH_ASSIGN(const Discarding discarded, discard_staged_vault(staged));
    if (discarded == Discarding::kAbsent) return find_out(requested);
    PH_TRY(append_completed(options, requested, note, {Outcome::Failed, Reason::IoError}));
    return std::move(published.error());
  }

  // The staged file was gone: another process has dealt with this change, one way or the other.
  Status find_out(Seq requested) {
    PH_TRY(agree(options));
    PH_ASSIGN(const ChangeEnding ending, read_change_ending(*options.reader, project(), requested));
    if (ending == ChangeEnding::kDone) return {};
    return Error{Code::kIo, "the new vault file vanished before it could take its place",
                 "nothing was changed; try again"};
  }

  Status finish(const VaultChangeNote& note, Seq requested) {
    Result<Receipt> completed = append_completed(options, requested, note, {});
    if (completed.ok()) {
      newest = completed->seq;
      stale = false;
    } else if (completed.error().code != Code::kConflict) {
      return std::move(completed.error())
          .in("the vault was changed, but this could not be recorded");
    }
    discard_old_staged_vaults(options.home, project(), note.vault_version);
    return {};
  }

  Status change(const std::string& source, std::span<const VaultChange> changes) {
    Status done;
    for (int attempt = 0; attempt < kConflictAttemptsMax; ++attempt) {
      if (stale) PH_TRY(reload());
      VaultChangeNote note;
      note.source = source;
      PH_ASSIGN(VaultImage next, apply(changes, note));
      done = commit(std::move(next), std::move(note));
      if (done.ok() || done.error().code != Code::kConflict) return done;
    }
    return Error{Code::kBusy, "other processes keep changing the vault of project " + project(),
                 "try again"};
  }
};

Vault::Vault(std::unique_ptr<State> state) : state_(std::move(state)) {}
Vault::Vault(Vault&&) noexcept = default;
Vault& Vault::operator=(Vault&&) noexcept = default;
Vault::~Vault() = default;

Result<Vault> Vault::create(VaultOptions options, UnlockMethod method) {
  PH_TRY(check_options(options));
  PH_CHECK(options.unlocker != nullptr, "a vault needs an unlocker");
  if (method == UnlockMethod::kPassphrase) PH_TRY(check_kdf_cost(options.kdf));
  PH_ASSIGN(const Agreed agreed, agree(options));
  const std::string project = options.context.project;
  if (agreed.file) return Error{Code::kExists, "project " + project + " has a vault already"};

  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->newest = agreed.newest;
  VaultHeader& header = state->image.header;
  header.method = method;
  header.project = project;
  if (method == UnlockMethod::kPassphrase) {
    header.kdf = state->options.kdf;
  } else {
    header.kdf = {0, 0};
  }
  Random& random = *state->options.random;
  random.fill(header.salt);
  PH_ASSIGN(const UnlockKey key, state->options.unlocker->for_create(method, project, random));
  PH_ASSIGN(state->keys, derive_vault_keys(header, key.input));
  header.key_check = state->keys.check;
  VaultChangeNote note;
  note.source = "init";
  Status created = state->commit(state->image, std::move(note));
  if (!created.ok()) {
    if (created.error().code == Code::kConflict) {
      return Error{Code::kExists,
                   "another process made the vault of project " + project + " just now"};
    }
    return std::move(created.error());
  }
  return Vault(std::move(state));
}

Result<Vault> Vault::open(VaultOptions options) {
  PH_TRY(check_options(options));
  PH_CHECK(options.unlocker != nullptr, "a vault needs an unlocker");
  PH_ASSIGN(const Agreed agreed, agree(options));
  if (!agreed.file) return no_vault(options.context.project);
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->digest = agreed.digest;
  state->newest = agreed.newest;
  PH_TRY(state->unlock(*agreed.file));
  return Vault(std::move(state));
}

Result<std::vector<SecretInfo>> Vault::list_locked(const VaultOptions& options) {
  PH_TRY(check_options(options));
  PH_ASSIGN(const Agreed agreed, agree(options));
  if (!agreed.file) return no_vault(options.context.project);
  PH_ASSIGN(const VaultImage image, parse_for(options.context.project, *agreed.file));
  return infos_of(image);
}

std::vector<SecretInfo> Vault::list() const { return infos_of(state_->image); }

std::optional<SecretInfo> Vault::find(const std::string& name) const {
  const auto [place, present] = find_record(state_->image.records, name);
  if (!present) return std::nullopt;
  return info_of(*place);
}

std::uint64_t Vault::version() const { return state_->image.header.version; }

Result<std::vector<OpenedSecret>> Vault::open_secrets(const std::vector<std::string>& names,
                                                      const std::string& purpose) {
  for (const std::string& name : names) {
    if (!find(name)) {
      return Error{Code::kNotFound, "there is no secret named " + name,
                   "'phantom list' shows the names"};
    }
  }
  for (std::size_t begin = 0; begin < names.size(); begin += kNamesPerEventMax) {
    const std::size_t count = std::min(kNamesPerEventMax, names.size() - begin);
    const auto first = names.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::vector<std::string> part(first, first + static_cast<std::ptrdiff_t>(count));
    PH_TRY(state_->options.appender->append(secret_opened(state_->options.context, part, purpose)));
  }
  std::vector<OpenedSecret> opened;
  opened.reserve(names.size());
  for (const std::string& name : names) {
    const VaultRecord& record = *find_record(state_->image.records, name).first;
    PH_ASSIGN(SecretBytes value, open_record(state_->project(), record, state_->keys));
    opened.push_back({info_of(record), std::move(value)});
  }
  return opened;
}

Result<OpenedSecret> Vault::open_secret(const std::string& name, const std::string& purpose) {
  PH_ASSIGN(std::vector<OpenedSecret> opened, open_secrets({name}, purpose));
  return std::move(opened.front());
}

Status Vault::change(const std::string& source, std::vector<VaultChange> changes) {
  PH_TRY(check_changes(changes));
  for (std::size_t begin = 0; begin < changes.size(); begin += kChangesPerEventMax) {
    const std::size_t count = std::min(kChangesPerEventMax, changes.size() - begin);
    PH_TRY(state_->change(source, std::span(changes).subspan(begin, count)));
  }
  return {};
}

}  // namespace phantom
