#pragma once
// What can be done to the secrets of a vault, as a pure step from one image to the next.
//
// Two words that are never confused: a new real value (kPut) keeps the placeholder and is a new
// version; a renewed placeholder (kRenewPlaceholder) keeps the real value and its version.

#include "events/random.h"
#include "events/result.h"
#include "vault/vault_events.h"
#include "vault/vault_file.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace phantom {

struct VaultChange {
  enum class Action {
    kPut,               // a new real value; the one before becomes an older version
    kDelete,            // with its older versions
    kRename,            // to new_name; value, version and placeholder stay
    kRenewPlaceholder,  // value and version stay
    kSetExpiry,         // to expires_ns
    kRestore            // an older version's value comes back as a new version, with its expiry
  };
  std::string name;  // full, as all names here
  Action action = Action::kPut;
  SecretBytes value;            // of a put
  std::string new_name;         // of a rename
  std::int64_t expires_ns = 0;  // of a put and of kSetExpiry; 0: never
  std::uint64_t version = 0;    // of kRestore
};

// What can be said without looking into a vault. kInvalid: a bad name, a name that two changes
// touch, an empty value, a value that is a placeholder. kDenied: a name that holds its value.
Status check_changes(std::span<const VaultChange> changes);

// How many of the changes, from the first on, one event has room for; at least one.
std::size_t changes_in_one_event(const std::string& project, std::span<const VaultChange> changes);

struct ChangedVault {
  VaultImage image;  // header as it was
  std::vector<SecretChangeNote> notes;
};

// The changes one after the other. kNotFound: no such secret or version. kExists: the new name is
// taken. Keys must be those of the image.
Result<ChangedVault> apply_changes(const VaultImage& image, std::span<const VaultChange> changes,
                                   const VaultKeys& keys, std::int64_t now_ns, Random& random);

// None when there is no such secret.
const VaultRecord* find_record(const VaultImage& image, const std::string& name);

// All values under other keys, which the header must be made for by the caller.
Status rewrap_image(VaultImage& image, const VaultKeys& from, const VaultKeys& under,
                    Random& random);

}  // namespace phantom
