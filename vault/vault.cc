#include "vault/vault.h"

#include "events/sha256.h"
#include "events/tags.h"
#include "vault/vault_events.h"
#include "vault/vault_history.h"
#include "vault/vault_store.h"

#include <algorithm>
#include <array>
#include <span>
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
  SecretInfo info;
  info.name = record.name;
  info.version = record.version;
  info.created_ns = record.created_ns;
  info.changed_ns = record.changed_ns;
  info.placeholder = record.placeholder;
  info.expires_ns = record.expires_ns;
  info.former_placeholder = record.former_placeholder;
  for (const OlderVersion& older : record.older) {
    info.older.push_back({older.version, older.changed_ns, older.expires_ns});
  }
  return info;
}

std::vector<SecretInfo> infos_of(const VaultImage& image) {
  std::vector<SecretInfo> infos;
  infos.reserve(image.records.size());
  for (const VaultRecord& record : image.records) infos.push_back(info_of(record));
  return infos;
}

Error no_secret(const std::string& name) {
  return {Code::kNotFound, "there is no secret named " + name, "'phantom list' shows the names"};
}

// These look at a value or hide it; none of them sends it anywhere.
bool opens_expired(const std::string& purpose) {
  return purpose == "reveal" || purpose == "rotate" || purpose == "export" ||
         purpose == "keep from child";
}

Error times_are_over(const std::vector<SecretInfo>& expired) {
  std::string list;
  for (const SecretInfo& info : expired) {
    if (!list.empty()) list += ", ";
    list += info.name + " (" + format_time(info.expires_ns) + ")";
  }
  const std::string& first = expired.front().name;
  return {Code::kDenied,
          (expired.size() == 1
               ? "the time of a secret is over: "
               : "the time of " + std::to_string(expired.size()) + " secrets is over: ") +
              list,
          "get a new value where it is issued and put it in with 'phantom rotate " + first +
              "', or give it more time with 'phantom expire " + first + " 30d'"};
}

// Parts of the names that one event has room for.
std::vector<std::vector<std::string>> event_parts(const std::vector<std::string>& names) {
  constexpr std::size_t kNamesMax = 200;
  constexpr std::size_t kBytesMax = 22'000;  // each name stands in the payload and in a tag
  std::vector<std::vector<std::string>> parts;
  std::size_t bytes = 0;
  for (const std::string& name : names) {
    bytes += name.size() + 60;
    if (parts.empty() || parts.back().size() == kNamesMax || bytes > kBytesMax) {
      parts.emplace_back();
      bytes = name.size() + 60;
    }
    parts.back().push_back(name);
  }
  return parts;
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
    image.header.format = kVaultFormat;
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

  // Refuses secrets whose time is over; that somebody asked is recorded first.
  Status check_times(const std::vector<const VaultRecord*>& records, const std::string& purpose) {
    if (opens_expired(purpose)) return {};
    std::vector<SecretInfo> expired;
    std::vector<std::string> names;
    for (const VaultRecord* record : records) {
      SecretInfo info = info_of(*record);
      if (!is_expired(info, options.clock->wall_ns())) continue;
      names.push_back(info.name);
      expired.push_back(std::move(info));
    }
    if (expired.empty()) return {};
    for (const std::vector<std::string>& part : event_parts(names)) {
      PH_TRY(options.appender->append(secret_expired(options.context, part, purpose)));
    }
    return times_are_over(expired);
  }

  Status record_opening(const std::vector<std::string>& names, const std::string& purpose) {
    for (const std::vector<std::string>& part : event_parts(names)) {
      PH_TRY(options.appender->append(secret_opened(options.context, part, purpose)));
    }
    return {};
  }

  Status change(const std::string& source, std::span<const VaultChange> changes) {
    Status done;
    for (int attempt = 0; attempt < kConflictAttemptsMax; ++attempt) {
      if (stale) PH_TRY(reload());
      VaultChangeNote note;
      note.source = source;
      PH_ASSIGN(ChangedVault next,
                apply_changes(image, changes, keys, options.clock->wall_ns(), *options.random));
      note.changes = std::move(next.notes);
      done = commit(std::move(next.image), std::move(note));
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

bool is_expired(const SecretInfo& info, std::int64_t now_ns) {
  return info.expires_ns != 0 && now_ns >= info.expires_ns;
}

std::vector<SecretInfo> Vault::list() const { return infos_of(state_->image); }

std::optional<SecretInfo> Vault::find(const std::string& name) const {
  const VaultRecord* record = find_record(state_->image, name);
  if (record == nullptr) return std::nullopt;
  return info_of(*record);
}

std::uint64_t Vault::version() const { return state_->image.header.version; }

Result<std::vector<OpenedSecret>> Vault::open_secrets(const std::vector<std::string>& names,
                                                      const std::string& purpose) {
  std::vector<const VaultRecord*> records;
  for (const std::string& name : names) {
    records.push_back(find_record(state_->image, name));
    if (records.back() == nullptr) return no_secret(name);
  }
  PH_TRY(state_->check_times(records, purpose));
  PH_TRY(state_->record_opening(names, purpose));
  std::vector<OpenedSecret> opened;
  opened.reserve(names.size());
  for (const VaultRecord* record : records) {
    PH_ASSIGN(SecretBytes value, open_record(state_->project(), *record, state_->keys));
    opened.push_back({info_of(*record), std::move(value)});
  }
  return opened;
}

Result<OpenedSecret> Vault::open_secret(const std::string& name, const std::string& purpose) {
  PH_ASSIGN(std::vector<OpenedSecret> opened, open_secrets({name}, purpose));
  return std::move(opened.front());
}

Result<OpenedSecret> Vault::open_older(const std::string& name, std::uint64_t version,
                                       const std::string& purpose) {
  const VaultRecord* record = find_record(state_->image, name);
  if (record == nullptr) return no_secret(name);
  const auto older =
      std::find_if(record->older.begin(), record->older.end(),
                   [&](const OlderVersion& each) { return each.version == version; });
  if (older == record->older.end()) {
    return Error{Code::kNotFound,
                 "version " + std::to_string(version) + " of " + name + " is not kept",
                 "'phantom history " + name + "' shows which are"};
  }
  VaultRecord as_it_was = *record;
  as_it_was.version = older->version;
  as_it_was.changed_ns = older->changed_ns;
  as_it_was.expires_ns = older->expires_ns;
  PH_TRY(state_->check_times({&as_it_was}, purpose));
  PH_TRY(state_->record_opening({name}, purpose));
  PH_ASSIGN(SecretBytes value,
            open_value(place_of(state_->project(), *record, *older), older->value, state_->keys));
  return OpenedSecret{info_of(as_it_was), std::move(value)};
}

Status Vault::change(const std::string& source, std::vector<VaultChange> changes) {
  PH_TRY(check_changes(changes));
  std::span<const VaultChange> left(changes);
  while (!left.empty()) {
    const std::size_t count = changes_in_one_event(state_->project(), left);
    PH_TRY(state_->change(source, left.first(count)));
    left = left.subspan(count);
  }
  return {};
}

Digest Vault::approval_seal(std::string_view text) const {
  return approval_code(state_->keys, state_->project(), text);
}

}  // namespace phantom
