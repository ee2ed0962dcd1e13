#include "ledger/trust.h"

#include "events/encoding.h"

#include <algorithm>
#include <system_error>

namespace phantom {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLedgerIdBytes = 16;
constexpr std::size_t kPinBytesMax = 64 * 1024;
constexpr unsigned kPinMode = 0600;

Result<fs::path> pin_file(const Home& home, std::string_view origin, const char* extension) {
  PH_ASSIGN(const std::string id, ledger_id_of(origin));
  return home.trust() / (id + extension);
}

Result<std::optional<std::string>> read_pin(const fs::path& file) {
  auto bytes = read_file(file, kPinBytesMax);
  if (!bytes && bytes.error().code == Code::kNotFound) return std::optional<std::string>();
  if (!bytes) return std::move(bytes.error());
  return std::optional<std::string>(as_text(*bytes));
}

Error damaged_pin(const fs::path& file, const Error& why) {
  return {Code::kCorrupt, "trust pin " + file.string() + ": " + why.message,
          "restore the file from a backup, or compare the ledger with an anchor kept elsewhere"};
}

Result<std::optional<VerifierKey>> read_key(const fs::path& file) {
  PH_ASSIGN(const std::optional<std::string> text, read_pin(file));
  if (!text) return std::optional<VerifierKey>();
  auto key = parse_pinned_key(*text);
  if (!key) return damaged_pin(file, key.error());
  return std::optional<VerifierKey>(std::move(*key));
}

// The key files of all pinned ledgers.
Result<std::vector<fs::path>> key_files(const Home& home) {
  std::vector<fs::path> files;
  std::error_code code;
  fs::directory_iterator entries(home.trust(), code);
  if (code == std::errc::no_such_file_or_directory) return files;
  for (; !code && entries != fs::directory_iterator(); entries.increment(code)) {
    if (entries->path().extension() == ".vkey") files.push_back(entries->path());
  }
  if (code) {
    return Error{code == std::errc::permission_denied ? Code::kDenied : Code::kIo,
                 "read " + home.trust().string() + ": " + code.message()};
  }
  return files;
}

}  // namespace

Result<std::string> ledger_id_of(std::string_view origin) {
  const std::size_t slash = origin.rfind('/');
  const std::string_view id =
      slash == std::string_view::npos ? std::string_view() : origin.substr(slash + 1);
  const auto bytes = from_hex(id);
  if (!bytes || bytes->size() != kLedgerIdBytes) {
    return Error{Code::kInvalid, "the origin " + escape_terminal(origin) + " names no ledger id"};
  }
  return std::string(id);
}

Status pin_ledger(const Home& home, const VerifierKey& key, std::string_view note) {
  PH_ASSIGN(const fs::path file, pin_file(home, key.name, ".vkey"));
  PH_ASSIGN(const std::optional<VerifierKey> pinned, read_key(file));
  if (pinned && pinned->text() != key.text()) {
    return Error{Code::kExists, "another key is pinned for " + key.name};
  }
  if (!pinned) {
    PH_TRY(make_private_directory(home.trust()));
    PH_TRY(write_file_durably(file, as_bytes(key.text() + "\n"), kPinMode));
  }
  return advance_checkpoint(home, note);
}

Result<std::optional<VerifierKey>> pinned_key(const Home& home, std::string_view origin) {
  PH_ASSIGN(const fs::path file, pin_file(home, origin, ".vkey"));
  PH_ASSIGN(std::optional<VerifierKey> key, read_key(file));
  if (key && key->name != origin) {
    return damaged_pin(file, {Code::kCorrupt, "it is the key of " + escape_terminal(key->name)});
  }
  return key;
}

Result<std::optional<SignedCheckpoint>> pinned_checkpoint(const Home& home,
                                                          std::string_view origin) {
  PH_ASSIGN(const fs::path file, pin_file(home, origin, ".checkpoint"));
  PH_ASSIGN(const std::optional<std::string> note, read_pin(file));
  if (!note) return std::optional<SignedCheckpoint>();
  auto parsed = parse_checkpoint(*note);
  if (!parsed) return damaged_pin(file, parsed.error());
  return std::optional(std::move(*parsed));
}

Result<bool> any_pinned(const Home& home) {
  PH_ASSIGN(const std::vector<fs::path> files, key_files(home));
  return !files.empty();
}

Result<VerifierKey> parse_pinned_key(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  return parse_verifier_key(text);
}

Result<Advance> weigh_checkpoint(const std::optional<VerifierKey>& pinned,
                                 const std::optional<SignedCheckpoint>& remembered,
                                 const SignedCheckpoint& next) {
  const Checkpoint& checkpoint = next.checkpoint;
  if (!pinned || check_note(next.note, *pinned) != NoteCheck::kGood) {
    return Error{Code::kDenied, "the checkpoint is not signed by a key pinned for " +
                                    escape_terminal(checkpoint.origin)};
  }
  if (!remembered || remembered->checkpoint.size < checkpoint.size) return Advance::kReplace;
  if (remembered->checkpoint.size > checkpoint.size) return Advance::kKeep;
  if (remembered->checkpoint.root == checkpoint.root) return Advance::kKeep;
  return Error{Code::kCorrupt, "the ledger forked: two checkpoints over " +
                                   std::to_string(checkpoint.size) + " events\n" +
                                   remembered->note + next.note};
}

Status advance_checkpoint(const Home& home, std::string_view note) {
  PH_ASSIGN(const SignedCheckpoint next, parse_checkpoint(note));
  const std::string& origin = next.checkpoint.origin;
  PH_ASSIGN(const std::optional<VerifierKey> key, pinned_key(home, origin));
  PH_ASSIGN(const auto remembered, pinned_checkpoint(home, origin));
  PH_ASSIGN(const Advance advance, weigh_checkpoint(key, remembered, next));
  if (advance == Advance::kKeep) return {};
  PH_ASSIGN(const fs::path file, pin_file(home, origin, ".checkpoint"));
  return write_file_durably(file, as_bytes(note), kPinMode);
}

Status retire_checkpoint(const Home& home, std::string_view origin, std::string_view suffix) {
  PH_ASSIGN(const fs::path file, pin_file(home, origin, ".checkpoint"));
  fs::path kept = file;
  kept += ".lost-" + std::string(suffix);
  std::error_code code;
  fs::create_hard_link(file, kept, code);  // unlike a rename, never over an earlier one
  if (!code) fs::remove(file, code);
  if (code) return Error{Code::kIo, "move " + file.string() + ": " + code.message()};
  return sync_directory(home.trust());
}

}  // namespace phantom
