#pragma once
// A home whose ledger is kept by a service, usually under another user. Its processes only ever
// submit: they take no lease and need neither `ledger/` nor signing keys.
//
// PHANTOM_LEDGER_SOCKET names the service's socket, else the one line of `ledger.socket` in the
// home. docs/FORMAT.md section 6.

#include "ledger/home.h"

#include <optional>

namespace phantom {

// None: the ledger is this home's own. `variable` is the value of PHANTOM_LEDGER_SOCKET. kInvalid:
// not an absolute path.
Result<std::optional<std::filesystem::path>> find_service_socket(const Home& home,
                                                                 const char* variable);

// Pure: the path in the text of the variable or the file.
Result<std::filesystem::path> parse_service_socket(std::string_view text);

}  // namespace phantom
