#include "vault/vault_change.h"

#include "events/check.h"
#include "events/limits.h"
#include "events/tags.h"
#include "vault/placeholder.h"
#include "vault/scanner.h"
#include "vault/secret_name.h"

#include <algorithm>
#include <set>
#include <utility>

namespace phantom {
namespace {

using Action = VaultChange::Action;

// Room for what a draft carries besides its changes.
constexpr std::size_t kEventBytesMax = kDraftBytesMax - 6'000;
constexpr std::size_t kEventTagsMax = 240;
// What FlatBuffers add to the texts of one change and of one tag.
constexpr std::size_t kChangeBytesMax = 88;
constexpr std::size_t kTagOverheadBytesMax = 32;

auto place_in(auto& records, const std::string& name) {
  const auto place = std::lower_bound(
      records.begin(), records.end(), name,
      [](const VaultRecord& record, const std::string& wanted) { return record.name < wanted; });
  return std::pair(place, place != records.end() && place->name == name);
}

Error no_secret(const std::string& name) {
  return {Code::kNotFound, "there is no secret named " + name, "'phantom list' shows the names"};
}

Status check_name(const std::string& name) {
  if (is_valid_secret_name(name)) return {};
  return Error{Code::kInvalid,
               "a secret's name is made of letters, digits, '_', '.' and '-', starts with a letter "
               "or '_' and has at most " +
                   std::to_string(kSecretNameBytesMax) +
                   " characters; before it may stand an environment of a-z, 0-9 and '-', and '/'"};
}

// An event must not carry a value, and a name that holds it would.
Status check_name_against_value(const std::string& name, const SecretBytes& value) {
  const SecretScanner scanner({{name, &value}});
  if (!scanner.find(as_bytes(name))) return {};
  return Error{Code::kDenied, "the name of the secret contains its value; refused",
               "names are recorded in clear: choose one that says what the secret is for"};
}

Status check_put(const VaultChange& change) {
  if (change.value.empty()) {
    return Error{Code::kInvalid, "the value of " + change.name + " is empty"};
  }
  if (change.value.text().starts_with(kPlaceholderPrefix)) {
    return Error{Code::kInvalid, "the value of " + change.name + " is a placeholder, not a secret"};
  }
  return check_name_against_value(change.name, change.value);
}

void keep_as_older(VaultRecord& record) {
  OlderVersion older{record.version, record.changed_ns, record.expires_ns, record.placeholder,
                     std::move(record.value)};
  record.older.insert(record.older.begin(), std::move(older));
  if (record.older.size() > kOlderVersionsMax) record.older.pop_back();
}

// One run of apply_changes.
class Changing {
 public:
  Changing(const VaultImage& image, const VaultKeys& keys, std::int64_t now_ns, Random& random)
      : done_{image, {}}, keys_(keys), now_ns_(now_ns), random_(random) {}

  Status apply(const VaultChange& change) {
    const auto [place, present] = place_in(done_.image.records, change.name);
    if (change.action == Action::kPut) {
      return present ? update(*place, change) : create(change);
    }
    if (!present) return no_secret(change.name);
    switch (change.action) {
      case Action::kPut:
        break;
      case Action::kDelete:
        note(*place, "deleted");
        done_.image.records.erase(place);
        return {};
      case Action::kRename:
        return rename(change);
      case Action::kRenewPlaceholder:
        return renew_placeholder(*place);
      case Action::kSetExpiry:
        place->expires_ns = change.expires_ns;
        note(*place, "expiry-set");
        return {};
      case Action::kRestore:
        return restore(*place, change.version);
    }
    return Error{Code::kInternal, "a change of an unknown kind"};
  }

  ChangedVault take() { return std::move(done_); }

 private:
  const std::string& project() const { return done_.image.header.project; }

  void note(const VaultRecord& record, const char* action) {
    SecretChangeNote note{record.name, action, record.version};
    note.expires_ns = record.expires_ns;
    done_.notes.push_back(std::move(note));
  }

  Status create(const VaultChange& change) {
    VaultRecord record;
    record.name = change.name;
    record.created_ns = record.changed_ns = now_ns_;
    record.expires_ns = change.expires_ns;
    record.placeholder = make_placeholder(random_);
    PH_TRY(seal_record(project(), change.value, keys_, random_, record));
    note(record, "created");
    const auto place = place_in(done_.image.records, change.name).first;
    done_.image.records.insert(place, std::move(record));
    return {};
  }

  Status new_version(VaultRecord& record, const SecretBytes& value, std::int64_t expires_ns,
                     const char* action) {
    keep_as_older(record);
    ++record.version;
    record.changed_ns = now_ns_;
    record.expires_ns = expires_ns;
    PH_TRY(seal_record(project(), value, keys_, random_, record));
    note(record, action);
    return {};
  }

  Status update(VaultRecord& record, const VaultChange& change) {
    return new_version(record, change.value, change.expires_ns, "updated");
  }

  Status restore(VaultRecord& record, std::uint64_t version) {
    const auto older =
        std::find_if(record.older.begin(), record.older.end(),
                     [&](const OlderVersion& each) { return each.version == version; });
    if (older == record.older.end()) {
      return Error{Code::kNotFound,
                   "version " + std::to_string(version) + " of " + record.name + " is not kept",
                   "'phantom history " + record.name + "' shows which are"};
    }
    PH_ASSIGN(const SecretBytes value,
              open_value(place_of(project(), record, *older), older->value, keys_));
    const std::int64_t expires_ns = older->expires_ns;
    return new_version(record, value, expires_ns, "restored");
  }

  Status renew_placeholder(VaultRecord& record) {
    PH_ASSIGN(const SecretBytes value, open_record(project(), record, keys_));
    record.former_placeholder = std::exchange(record.placeholder, make_placeholder(random_));
    PH_TRY(seal_record(project(), value, keys_, random_, record));
    note(record, "placeholder-renewed");
    return {};
  }

  // Values are bound to the name, so each is sealed anew.
  Status rename(const VaultChange& change) {
    auto& records = done_.image.records;
    if (place_in(records, change.new_name).second) {
      return Error{Code::kExists, "there is a secret named " + change.new_name + " already",
                   "choose another name, or remove it first"};
    }
    const auto from = place_in(records, change.name).first;
    VaultRecord record = std::move(*from);
    records.erase(from);
    VaultRecord renamed = record;
    renamed.name = change.new_name;
    PH_ASSIGN(const SecretBytes value, open_record(project(), record, keys_));
    PH_TRY(check_name_against_value(renamed.name, value));
    PH_TRY(seal_record(project(), value, keys_, random_, renamed));
    for (std::size_t i = 0; i < record.older.size(); ++i) {
      PH_ASSIGN(const SecretBytes older, open_value(place_of(project(), record, record.older[i]),
                                                    record.older[i].value, keys_));
      PH_TRY(check_name_against_value(renamed.name, older));
      PH_ASSIGN(renamed.older[i].value,
                seal_value(place_of(project(), renamed, renamed.older[i]), older, keys_, random_));
    }
    note(renamed, "renamed");
    done_.notes.back().former_name = change.name;
    records.insert(place_in(records, renamed.name).first, std::move(renamed));
    return {};
  }

  ChangedVault done_;
  const VaultKeys& keys_;
  std::int64_t now_ns_;
  Random& random_;
};

}  // namespace

Status check_changes(std::span<const VaultChange> changes) {
  std::set<std::string_view> names;
  for (const VaultChange& change : changes) {
    const bool renames = change.action == Action::kRename;
    PH_TRY(check_name(change.name));
    if (renames) PH_TRY(check_name(change.new_name));
    if (!names.insert(change.name).second || (renames && !names.insert(change.new_name).second)) {
      return Error{Code::kInvalid, change.name + " is named twice in one change"};
    }
    if (change.expires_ns < 0) {
      return Error{Code::kInvalid, "the time of " + change.name + " ends before 1970"};
    }
    if (change.action == Action::kPut) PH_TRY(check_put(change));
  }
  return {};
}

std::size_t changes_in_one_event(const std::string& project, std::span<const VaultChange> changes) {
  std::size_t bytes = 0;
  std::size_t tags = 0;
  std::size_t count = 0;
  for (const VaultChange& change : changes) {
    bytes += kChangeBytesMax + change.name.size() + change.new_name.size();
    for (const std::string* name : {&change.name, &change.new_name}) {
      if (name->empty()) continue;
      ++tags;
      bytes += kTagOverheadBytesMax + secret_tag(project, *name).size();
    }
    if (count > 0 && (bytes > kEventBytesMax || tags > kEventTagsMax)) break;
    ++count;
  }
  return count;
}

Result<ChangedVault> apply_changes(const VaultImage& image, std::span<const VaultChange> changes,
                                   const VaultKeys& keys, std::int64_t now_ns, Random& random) {
  Changing changing(image, keys, now_ns, random);
  for (const VaultChange& change : changes) PH_TRY(changing.apply(change));
  return changing.take();
}

const VaultRecord* find_record(const VaultImage& image, const std::string& name) {
  const auto [place, present] = place_in(image.records, name);
  return present ? &*place : nullptr;
}

Status rewrap_image(VaultImage& image, const VaultKeys& from, const VaultKeys& under,
                    Random& random) {
  const std::string& project = image.header.project;
  for (VaultRecord& record : image.records) {
    PH_ASSIGN(record.value,
              rewrap_value(place_of(project, record), record.value, from, under, random));
    for (OlderVersion& older : record.older) {
      PH_ASSIGN(older.value,
                rewrap_value(place_of(project, record, older), older.value, from, under, random));
    }
  }
  return {};
}

}  // namespace phantom
