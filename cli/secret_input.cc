#include "cli/secret_input.h"

#include "vault/placeholder.h"
#include "vault/vault_file.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace phantom {

Result<SecretBytes> read_secret_from_stdin() {
  // Two more than fit, for the line break.
  SecretBytes value = SecretBytes::zeros(kSecretValueBytesMax + 2);
  std::size_t size = 0;
  for (;;) {
    const auto room = value.writable().subspan(size);
    if (room.empty()) break;
    const ssize_t got = ::read(STDIN_FILENO, room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return Error{Code::kIo, std::string("read standard input: ") + std::strerror(errno)};
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  const ByteView bytes = value.view();
  if (size > 0 && bytes[size - 1] == '\n') --size;
  if (size > 0 && bytes[size - 1] == '\r') --size;
  if (size > kSecretValueBytesMax) {
    return Error{Code::kLimit,
                 "the value is larger than " + std::to_string(kSecretValueBytesMax) + " bytes"};
  }
  value.shrink(size);
  return value;
}

Status check_secret_value(const SecretBytes& value) {
  if (value.empty()) return Error{Code::kInvalid, "the value is empty"};
  if (value.text().find('\0') != std::string_view::npos) {
    return Error{Code::kInvalid, "the value has a NUL byte in it"};
  }
  if (is_placeholder(value.text()) || is_damaged_placeholder(value.text())) {
    return Error{Code::kInvalid, "the value is a placeholder, not a secret",
                 "give the real value; the placeholder stays in .env"};
  }
  return {};
}

}  // namespace phantom
