#include "vault/vault.h"

#include "events/sha256.h"
#include "events/tags.h"
#include "vault/vault_agree.h"
#include "vault/vault_events.h"
#include "vault/vault_store.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace phantom {
namespace {

constexpr int kConflictAttemptsMax = 8;
constexpr int kPassphraseAttemptsMax = 3;
constexpr const char* kKeptPlace = "secret-service";

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
  SecretBytes root;  // of the keys
  VaultKeys keys;
  VaultImage image;
  std::optional<Digest> digest;
  std::optional<Seq> newest;
  bool from_kept_root = false;
  // The ledger or the file may have moved on: read both again before the next change.
  bool stale = false;

  const std::string& project() const { return options.context.project; }

  Status unlock(const Bytes& file) {
    PH_ASSIGN(image, parse_for(project(), file));
    PH_ASSIGN(const bool kept, unlock_with_kept_root(file));
    if (kept) return {};
    for (int attempt = 1;; ++attempt) {
      PH_ASSIGN(const UnlockKey key, options.unlocker->for_open(image.header, attempt));
      PH_TRY(derive(image.header, key));
      if (check_vault_key(image.header, keys)) {
        PH_TRY(authenticate_vault(file, keys));
        PH_TRY(options.appender->append(vault_unlocked(options.context, key.source)));
        return {};
      }
      PH_TRY(options.appender->append(
          vault_unlock_failed(options.context, key.source, Reason::WrongPassphrase)));
      if (key.source == "passphrase-prompt" && attempt < kPassphraseAttemptsMax) continue;
      return wrong_key(key);
    }
  }

  // False when no key is kept, or not the right one: then the passphrase is wanted.
  Result<bool> unlock_with_kept_root(const Bytes& file) {
    if (image.header.method != UnlockMethod::kPassphrase) return false;
    std::optional<SecretBytes> kept = options.unlocker->kept_root(image.header);
    if (!kept) return false;
    PH_ASSIGN(keys, keys_of_root(*kept));
    if (!check_vault_key(image.header, keys)) return false;
    from_kept_root = true;
    root = std::move(*kept);
    PH_TRY(authenticate_vault(file, keys));
    PH_TRY(options.appender->append(vault_unlocked(options.context, "kept-key")));
    return true;
  }

  // The one expensive step of a command.
  Status derive(const VaultHeader& header, const UnlockKey& key) {
    PH_ASSIGN(root, options.derive(header.method, header.kdf, header.salt, key.input));
    PH_ASSIGN(keys, keys_of_root(root));
    return {};
  }

  Error wrong_key(const UnlockKey& key) const {
    switch (key.method) {
      case UnlockMethod::kKeyFile:
        return {Code::kDenied, "the key file does not open the vault of project " + project(),
                "use the key file the vault was made with"};
      case UnlockMethod::kSecretService:
        return {Code::kDenied,
                "the key in the Secret Service does not open the vault of project " + project(),
                "restore the keyring it was kept in from a backup"};
      case UnlockMethod::kPassphrase:
        break;
    }
    return {Code::kDenied, "wrong passphrase for the vault of project " + project(),
            key.source == "passphrase-env" ? "check PHANTOM_VAULT_PASSPHRASE" : "try again"};
  }

  Status reload() {
    PH_ASSIGN(const AgreedVault agreed, agree_on_vault(options));
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
  // `under` are the keys of the next image.
  Status commit(VaultImage next, VaultChangeNote note, const VaultKeys& under) {
    next.header.version = image.header.version + 1;
    PH_ASSIGN(const Bytes file, encode_vault(next, under));
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
    PH_TRY(append_vault_completed(options, requested, note, {Outcome::Failed, Reason::IoError}));
    return std::move(published.error());
  }

  // The staged file was gone: another process has dealt with this change, one way or the other.
  Status find_out(Seq requested) {
    PH_TRY(agree_on_vault(options));
    PH_ASSIGN(const ChangeEnding ending, read_change_ending(*options.reader, project(), requested));
    if (ending == ChangeEnding::kDone) return {};
    return Error{Code::kIo, "the new vault file vanished before it could take its place",
                 "nothing was changed; try again"};
  }

  Status finish(const VaultChangeNote& note, Seq requested) {
    Result<Receipt> completed = append_vault_completed(options, requested, note, {});
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

  // The header of the same vault under another way to open it, and its root.
  Result<std::pair<VaultHeader, SecretBytes>> next_unlock(UnlockMethod method) {
    VaultHeader next = image.header;
    next.method = method;
    next.kdf = method == UnlockMethod::kPassphrase ? options.kdf : KdfCost{0, 0};
    options.random->fill(next.salt);
    PH_ASSIGN(const UnlockKey key, options.unlocker->for_change(next, *options.random));
    PH_ASSIGN(SecretBytes fresh, options.derive(method, next.kdf, next.salt, key.input));
    return std::pair(std::move(next), std::move(fresh));
  }

  // kConflict when the vault changed meanwhile; its image is then the newest one again.
  Status rekey_once(const VaultHeader& like, const VaultKeys& under) {
    if (stale) PH_TRY(reload());
    VaultImage next = image;
    next.header.method = like.method;
    next.header.kdf = like.kdf;
    next.header.salt = like.salt;
    next.header.key_check = under.check;
    PH_TRY(rewrap_image(next, keys, under, *options.random));
    VaultChangeNote note;
    note.source = "change-passphrase";
    return commit(std::move(next), std::move(note), under);
  }

  Status rekey(const VaultHeader& like, const SecretBytes& fresh) {
    PH_ASSIGN(VaultKeys under, keys_of_root(fresh));
    for (int attempt = 0; attempt < kConflictAttemptsMax; ++attempt) {
      Status done = rekey_once(like, under);
      if (done.ok()) {
        keys = std::move(under);
        root = fresh.clone();
        return {};
      }
      if (done.error().code != Code::kConflict) return done;
    }
    return Error{Code::kBusy, "other processes keep changing the vault of project " + project(),
                 "try again"};
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
      done = commit(std::move(next.image), std::move(note), keys);
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
  PH_ASSIGN(const AgreedVault agreed, agree_on_vault(options));
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
  PH_ASSIGN(const UnlockKey key, state->options.unlocker->for_create(header, random));
  PH_TRY(state->derive(header, key));
  header.key_check = state->keys.check;
  VaultChangeNote note;
  note.source = "init";
  Status created = state->commit(state->image, std::move(note), state->keys);
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
  PH_ASSIGN(const AgreedVault agreed, agree_on_vault(options));
  if (!agreed.file) return no_vault(options.context.project);
  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->digest = agreed.digest;
  state->newest = agreed.newest;
  PH_TRY(state->unlock(*agreed.file));
  return Vault(std::move(state));
}

Result<LockedVault> Vault::look_locked(const VaultOptions& options) {
  PH_TRY(check_options(options));
  PH_ASSIGN(const AgreedVault agreed, agree_on_vault(options));
  if (!agreed.file) return no_vault(options.context.project);
  PH_ASSIGN(VaultImage image, parse_for(options.context.project, *agreed.file));
  std::vector<SecretInfo> secrets = infos_of(image);
  return LockedVault{std::move(image.header), std::move(secrets)};
}

Result<std::vector<SecretInfo>> Vault::list_locked(const VaultOptions& options) {
  PH_ASSIGN(LockedVault vault, look_locked(options));
  return std::move(vault.secrets);
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

bool Vault::key_is_in_session() const {
  return state_->from_kept_root || state_->image.header.method == UnlockMethod::kSecretService;
}

Status Vault::change_unlock(UnlockMethod method) {
  const VaultHeader before = state_->image.header;
  if (method == before.method && method != UnlockMethod::kPassphrase) {
    return Error{Code::kInvalid, "the vault is opened that way already"};
  }
  if (method == UnlockMethod::kPassphrase) PH_TRY(check_kdf_cost(state_->options.kdf));
  PH_ASSIGN(const auto next, state_->next_unlock(method));
  const auto& [header, root] = next;
  // A new key in the Secret Service stays there when this fails: a failure does not say for certain
  // that the vault is as it was, and a key too many opens nothing.
  PH_TRY(state_->rekey(header, root));
  // What opened it before opens nothing any more but copies of older files.
  Unlocker& unlocker = *state_->options.unlocker;
  PH_ASSIGN(const bool kept, unlocker.forget_kept(before));
  if (kept)
    PH_TRY(
        state_->options.appender->append(vault_key_forgotten(state_->options.context, kKeptPlace)));
  if (before.method == UnlockMethod::kSecretService) PH_TRY(unlocker.forget_service_key(before));
  return {};
}

Status Vault::keep_key() {
  const VaultHeader& header = state_->image.header;
  if (header.method != UnlockMethod::kPassphrase) {
    return Error{Code::kInvalid,
                 "only the key of a passphrase vault is kept; this one needs no "
                 "passphrase"};
  }
  // Recorded before it is so.
  const Context& context = state_->options.context;
  PH_TRY(state_->options.appender->append(vault_key_kept(context, kKeptPlace)));
  Status kept = state_->options.unlocker->keep_root(header, state_->root);
  if (!kept.ok()) {
    PH_TRY(state_->options.appender->append(vault_key_forgotten(context, kKeptPlace)));
  }
  return kept;
}

Result<bool> Vault::forget_key(const VaultOptions& options) {
  PH_TRY(check_options(options));
  PH_CHECK(options.unlocker != nullptr, "keys are kept by an unlocker");
  PH_ASSIGN(const LockedVault vault, look_locked(options));
  PH_ASSIGN(const bool kept, options.unlocker->forget_kept(vault.header));
  if (kept) PH_TRY(options.appender->append(vault_key_forgotten(options.context, kKeptPlace)));
  return kept;
}

Digest Vault::approval_seal(std::string_view text) const {
  return approval_code(state_->keys, state_->project(), text);
}

}  // namespace phantom
