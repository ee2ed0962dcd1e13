#include "proxy/mcp_state.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

TEST(McpState, IsWorthlessForAnythingButItsOwnCall) {
  McpStateKey key{};
  key[0] = 7;
  const McpStateSubject subject{"phantom_remove_secret", {1, 2, 3}, "s1"};
  const std::string state = make_request_state(key, subject, "k7m2-9xqd-4hfp", 1'000);
  EXPECT_EQ(read_request_state(key, subject, state, 1'000), "k7m2-9xqd-4hfp");
  EXPECT_FALSE(read_request_state(key, subject, state, 1'001));
  EXPECT_FALSE(read_request_state({}, subject, state, 0));
  McpStateSubject other = subject;
  other.tool = "phantom_rename_secret";
  EXPECT_FALSE(read_request_state(key, other, state, 0));
  other = subject;
  other.arguments_digest[31] ^= 1;
  EXPECT_FALSE(read_request_state(key, other, state, 0));
  other = subject;
  other.session = "s2";
  EXPECT_FALSE(read_request_state(key, other, state, 0));
  for (std::size_t i = 0; i < state.size(); ++i) {
    std::string changed = state;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(read_request_state(key, subject, changed, 0)) << i;
  }
  for (const char* text : {"", ".", "..", "a.b.c", "k7m2-9xqd-4hfp.1000."}) {
    EXPECT_FALSE(read_request_state(key, subject, text, 0)) << text;
  }
}

}  // namespace
}  // namespace phantom
