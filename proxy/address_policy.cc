#include "proxy/address_policy.h"

#include <algorithm>
#include <initializer_list>

namespace phantom {
namespace {

bool starts_with(const AddressV6& address, std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.begin());
}

AddressV4 embedded(const AddressV6& address, std::size_t at) {
  return {address[at], address[at + 1], address[at + 2], address[at + 3]};
}

}  // namespace

AddressClass classify(const AddressV4& a) {
  if (a[0] == 127) return AddressClass::kLoopback;
  if (a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168)) {
    return AddressClass::kPrivate;
  }
  // 100.100.100.200 is the metadata service of one cloud, inside the shared range.
  if (a == AddressV4{100, 100, 100, 200}) return AddressClass::kForbidden;
  if (a[0] == 100 && (a[1] & 0xc0) == 64) return AddressClass::kPrivate;
  const bool special =
      a[0] == 0 || a[0] >= 224 || (a[0] == 169 && a[1] == 254) ||
      (a[0] == 192 && a[1] == 0 && (a[2] == 0 || a[2] == 2)) ||
      (a[0] == 192 && a[1] == 88 && a[2] == 99) || (a[0] == 198 && (a[1] & 0xfe) == 18) ||
      (a[0] == 198 && a[1] == 51 && a[2] == 100) || (a[0] == 203 && a[1] == 0 && a[2] == 113);
  return special ? AddressClass::kForbidden : AddressClass::kPublic;
}

AddressClass classify(const AddressV6& a) {
  const AddressV6 loopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  if (a == loopback) return AddressClass::kLoopback;
  // Mapped: the kernel sends it as IPv4, so the IPv4 rules hold.
  if (starts_with(a, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff})) return classify(embedded(a, 12));
  // NAT64: public only when what is behind the gateway is.
  if (starts_with(a, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return classify(embedded(a, 12)) == AddressClass::kPublic ? AddressClass::kPublic
                                                              : AddressClass::kForbidden;
  }
  // fd00:ec2::254 is the metadata service of one cloud, inside the unique local range.
  if (starts_with(a, {0xfd, 0x00, 0x0e, 0xc2})) return AddressClass::kForbidden;
  if ((a[0] & 0xfe) == 0xfc) return AddressClass::kPrivate;
  // Of all the rest only global unicast, and of it neither Teredo, ORCHID, 6to4 nor documentation.
  if ((a[0] & 0xe0) != 0x20) return AddressClass::kForbidden;
  if (a[0] == 0x20 && a[1] == 0x01 && (a[2] & 0xfe) == 0x00) return AddressClass::kForbidden;
  if (starts_with(a, {0x20, 0x01, 0x0d, 0xb8})) return AddressClass::kForbidden;
  if (starts_with(a, {0x20, 0x02})) return AddressClass::kForbidden;
  return AddressClass::kPublic;
}

bool may_connect(const Route& route, AddressClass address) {
  switch (address) {
    case AddressClass::kPublic:
      return true;
    case AddressClass::kLoopback:
      return route.consent == Consent::kAccepted &&
             (is_loopback_literal(route.host) || !route.ca_file.empty());
    case AddressClass::kPrivate:
      return route.consent == Consent::kAccepted && !route.ca_file.empty();
    case AddressClass::kForbidden:
      return false;
  }
  return false;
}

}  // namespace phantom
