#pragma once
// Which addresses a name may resolve to. Pure.

#include "proxy/services.h"

#include <array>
#include <cstdint>

namespace phantom {

using AddressV4 = std::array<std::uint8_t, 4>;
using AddressV6 = std::array<std::uint8_t, 16>;

enum class AddressClass {
  kPublic,
  kLoopback,
  kPrivate,   // RFC 1918, shared (100.64/10), unique local
  kForbidden  // link-local with cloud metadata, multicast, reserved, tunnels
};

AddressClass classify(const AddressV4& address);
// An address that carries an IPv4 address inside is classed by it, or kForbidden.
AddressClass classify(const AddressV6& address);

// Public addresses always. Loopback for a route to a loopback literal. Loopback and private for a
// route with its own CA that a person accepted.
bool may_connect(const Route& route, AddressClass address);

}  // namespace phantom
