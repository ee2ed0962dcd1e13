#pragma once
// Groups and users of this machine, as a command line names them.

#include "events/result.h"

#include <cstdint>
#include <string>

namespace phantom {

// A name, or a number as it is. kNotFound: no such group.
Result<std::uint32_t> group_id(const std::string& group);
// A number below 2^32-1, which means nobody to the kernel.
Result<std::uint32_t> user_id(const std::string& uid);

}  // namespace phantom
