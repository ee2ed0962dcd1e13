#pragma once
// The passphrase of an export of secrets: a file that only its owner can read, else
// PHANTOM_EXPORT_PASSPHRASE, which is wiped from the environment of this process, else a question
// on the terminal.

#include "events/result.h"
#include "vault/secret.h"

#include <filesystem>
#include <optional>

namespace phantom {

inline constexpr std::size_t kExportPassphraseBytesMin = 12;

enum class PassphraseUse { kSeal, kOpen };

// To seal it is asked for twice and has at least kExportPassphraseBytesMin bytes. kDenied: a file
// others can read, or nowhere to ask. One line end at the end of a file is not part of it.
Result<SecretBytes> export_passphrase(const std::optional<std::filesystem::path>& file,
                                      PassphraseUse use);

}  // namespace phantom
