#include "proxy/route_diff.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

AcceptedRoute line(const std::string& origin, const std::string& secret = "KEY",
                   const std::string& placement = "Authorization: Bearer {secret}") {
  return {"own", origin, secret, placement};
}

TEST(RouteDiff, NamesWhatMovedAndNothingElse) {
  struct Pair {
    AcceptedRoute before;
    AcceptedRoute after;
    std::vector<std::string> what;
  };
  const AcceptedRoute usual = line("https://a.example");
  const std::vector<Pair> pairs = {
      {usual, line("https://b.example"), {"host"}},
      {usual, line("https://a.example:8443"), {"port"}},
      {usual, line("http://a.example:443"), {"type"}},
      {usual, line("http://a.example"), {"port", "type"}},
      {line("https://[fd00::1]"), line("https://[fd00::1]:8443"), {"port"}},
      {usual, line("https://a.example", "OTHER"), {"secret"}},
      {usual, line("https://a.example", "KEY", "X-Key: {secret}"), {"header"}},
      {usual, line("https://a.example", "KEY", "Authorization: {secret}"), {"header"}},
      {usual, line("https://a.example", "KEY", usual.placement + ", own certificates"), {"header"}},
      {line("https://b.example", "X", "A: {secret}"), usual, {"secret", "host", "header"}},
  };
  for (const Pair& pair : pairs) {
    SCOPED_TRACE(pair.after.origin + " " + pair.after.placement);
    const auto moves = compare_routes({pair.before}, {pair.after});
    ASSERT_EQ(moves.size(), 1U);
    EXPECT_EQ(moves[0].change, RouteChange::kMoved);
    EXPECT_EQ(moves[0].what, pair.what);
    EXPECT_TRUE(compare_routes({pair.after}, {pair.after}).empty());
  }
}

TEST(RouteDiff, TellsNewRoutesFromThoseThatAreGone) {
  const AcceptedRoute one = line("https://a.example");
  const auto added = compare_routes({}, {one});
  ASSERT_EQ(added.size(), 1U);
  EXPECT_EQ(added[0].change, RouteChange::kNew);
  EXPECT_EQ(describe_move(added[0]),
            "own: KEY goes to https://a.example in the header Authorization: Bearer {secret}");
  const auto gone = compare_routes({one}, {});
  ASSERT_EQ(gone.size(), 1U);
  EXPECT_EQ(gone[0].change, RouteChange::kGone);
  EXPECT_EQ(describe_move(gone[0]),
            "own: KEY goes no more to https://a.example in the header Authorization: Bearer "
            "{secret}");
}

TEST(RouteDiff, RecordsOfOlderVersionsHaveTheHeaderOnly) {
  const AcceptedRoute now = line("https://a.example");
  const AcceptedRoute before = line("https://a.example", "KEY", "Authorization");
  EXPECT_TRUE(compare_routes({before}, {now}).empty());
  EXPECT_EQ(unclear_forms({before}, {now}), std::vector<std::string>{"own"});
  EXPECT_EQ(compare_routes({line("https://a.example", "KEY", "Auth")}, {now}).size(), 1U);
}

TEST(RouteDiff, AFormThatIsNotOnRecordIsNeverCalledUnchanged) {
  const AcceptedRoute own = line("https://a.example", "KEY", "X: (own form)");
  EXPECT_TRUE(compare_routes({own}, {own}).empty());
  EXPECT_EQ(unclear_forms({own}, {own}), std::vector<std::string>{"own"});
  EXPECT_TRUE(unclear_forms({line("https://a.example")}, {line("https://a.example")}).empty());
}

}  // namespace
}  // namespace phantom
