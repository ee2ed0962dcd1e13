#include "proxy/address_policy.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <utility>
#include <vector>

namespace phantom {
namespace {

AddressClass class_of(const char* text) {
  AddressV4 v4{};
  if (::inet_pton(AF_INET, text, v4.data()) == 1) return classify(v4);
  AddressV6 v6{};
  EXPECT_EQ(::inet_pton(AF_INET6, text, v6.data()), 1) << text;
  return classify(v6);
}

TEST(AddressPolicy, EveryRangeHasItsClass) {
  const std::vector<std::pair<const char*, AddressClass>> cases = {
      {"8.8.8.8", AddressClass::kPublic},
      {"104.18.6.192", AddressClass::kPublic},
      {"172.32.0.1", AddressClass::kPublic},
      {"127.0.0.1", AddressClass::kLoopback},
      {"127.255.0.1", AddressClass::kLoopback},
      {"10.1.2.3", AddressClass::kPrivate},
      {"172.16.0.1", AddressClass::kPrivate},
      {"172.31.255.255", AddressClass::kPrivate},
      {"192.168.1.1", AddressClass::kPrivate},
      {"100.64.0.1", AddressClass::kPrivate},
      {"100.100.100.200", AddressClass::kForbidden},
      {"169.254.169.254", AddressClass::kForbidden},
      {"0.0.0.0", AddressClass::kForbidden},
      {"224.0.0.1", AddressClass::kForbidden},
      {"255.255.255.255", AddressClass::kForbidden},
      {"192.0.2.1", AddressClass::kForbidden},
      {"198.18.0.1", AddressClass::kForbidden},
      {"2606:4700::1", AddressClass::kPublic},
      {"::1", AddressClass::kLoopback},
      {"::", AddressClass::kForbidden},
      {"::ffff:127.0.0.1", AddressClass::kLoopback},
      {"::ffff:10.0.0.1", AddressClass::kPrivate},
      {"::ffff:169.254.169.254", AddressClass::kForbidden},
      {"::ffff:8.8.8.8", AddressClass::kPublic},
      {"::7f00:1", AddressClass::kForbidden},
      {"64:ff9b::8.8.8.8", AddressClass::kPublic},
      {"64:ff9b::10.0.0.1", AddressClass::kForbidden},
      {"64:ff9b:1::8.8.8.8", AddressClass::kForbidden},
      {"2002:7f00:1::", AddressClass::kForbidden},
      {"2001::1", AddressClass::kForbidden},
      {"2001:db8::1", AddressClass::kForbidden},
      {"fe80::1", AddressClass::kForbidden},
      {"fd00:ec2::254", AddressClass::kForbidden},
      {"fd12:3456::1", AddressClass::kPrivate},
      {"ff02::1", AddressClass::kForbidden},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(class_of(text), expected) << text;
}

TEST(AddressPolicy, OnlyAnAcceptedRouteLeavesThePublicNet) {
  Route route;
  route.host = "api.example.com";
  EXPECT_TRUE(may_connect(route, AddressClass::kPublic));
  EXPECT_FALSE(may_connect(route, AddressClass::kLoopback));
  EXPECT_FALSE(may_connect(route, AddressClass::kPrivate));
  route.consent = Consent::kAccepted;
  EXPECT_FALSE(may_connect(route, AddressClass::kLoopback));
  route.host = "127.0.0.1";
  EXPECT_TRUE(may_connect(route, AddressClass::kLoopback));
  EXPECT_FALSE(may_connect(route, AddressClass::kPrivate));
  route.host = "api.example.com";
  route.ca_file = "ca.pem";
  EXPECT_TRUE(may_connect(route, AddressClass::kPrivate));
  EXPECT_TRUE(may_connect(route, AddressClass::kLoopback));
  EXPECT_FALSE(may_connect(route, AddressClass::kForbidden));
}

}  // namespace
}  // namespace phantom
