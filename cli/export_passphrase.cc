#include "cli/export_passphrase.h"

#include "cli/part_file.h"
#include "ledger/home.h"
#include "vault/unlock.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace phantom {
namespace {

constexpr const char* kVariable = "PHANTOM_EXPORT_PASSPHRASE";
constexpr std::size_t kFileBytesMax = 4'096;

Result<SecretBytes> read_private(const std::filesystem::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return file_error("cannot read", file.string(), errno);
  if ((info.st_mode & 0077) != 0 || !S_ISREG(info.st_mode)) {
    return Error{Code::kDenied, file.string() + " is not a file that only its owner can read",
                 "run 'chmod 600 " + file.string() + "'"};
  }
  PH_ASSIGN(Bytes bytes, read_file(file, kFileBytesMax));
  std::string_view text = as_text(bytes);
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  SecretBytes passphrase = SecretBytes::copy_of(text);
  wipe(bytes);
  if (passphrase.empty()) return Error{Code::kInvalid, file.string() + " is empty"};
  return passphrase;
}

Result<SecretBytes> ask(const std::string& question) {
  Result<SecretBytes> answer = ask_hidden(question);
  if (answer.ok() || answer.error().code != Code::kDenied) return answer;
  return Error{Code::kDenied, "the file needs a passphrase, and there is no terminal to ask on",
               std::string("set ") + kVariable + ", or name a file with --passphrase-file"};
}

Status check_length(const SecretBytes& passphrase) {
  if (passphrase.size() >= kExportPassphraseBytesMin) return {};
  return Error{Code::kInvalid,
               "the passphrase of an export has at least " +
                   std::to_string(kExportPassphraseBytesMin) + " bytes",
               "the file may travel, and whoever has it can try passphrases for ever"};
}

}  // namespace

Result<SecretBytes> export_passphrase(const std::optional<std::filesystem::path>& file,
                                      PassphraseUse use) {
  // Taken whatever is used, so that no child of this process has it.
  std::optional<SecretBytes> from_variable = take_secret_variable(kVariable);
  SecretBytes passphrase;
  if (file) {
    PH_ASSIGN(passphrase, read_private(*file));
  } else if (from_variable) {
    passphrase = std::move(*from_variable);
  } else if (use == PassphraseUse::kOpen) {
    return ask("Passphrase of the file: ");
  } else {
    PH_ASSIGN(passphrase, ask("New passphrase for the file: "));
    PH_TRY(check_length(passphrase));
    PH_ASSIGN(const SecretBytes again, ask("The same passphrase again: "));
    if (!passphrase.equals(again)) return Error{Code::kInvalid, "the two passphrases differ"};
  }
  if (use == PassphraseUse::kSeal) PH_TRY(check_length(passphrase));
  return passphrase;
}

}  // namespace phantom
