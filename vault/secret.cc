#include "vault/secret.h"

#include <cerrno>
#include <cstring>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace phantom {

Status harden_process() {
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return Error{Code::kIo, std::string("make the process non-dumpable: ") + std::strerror(errno)};
  }
  const struct rlimit none {};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) {
    return Error{Code::kIo, std::string("switch off core dumps: ") + std::strerror(errno)};
  }
  return {};
}

}  // namespace phantom
