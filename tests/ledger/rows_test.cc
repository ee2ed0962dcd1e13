#include "ledger/rows.h"

#include "events/encoding.h"
#include "events/limits.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

TEST(Rows, KeysAreTheirDocumentedBytes) {
  EXPECT_EQ(to_hex(as_bytes(rows::bundle(0x0102))), "620000000000000102");
  EXPECT_EQ(to_hex(as_bytes(rows::commit(1))), "630000000000000001");
  EXPECT_EQ(to_hex(as_bytes(rows::tail(~std::uint64_t{0}))), "74ffffffffffffffff");
  EXPECT_EQ(to_hex(as_bytes(rows::tile(2, 3))), "68020000000000000003");
  EXPECT_EQ(rows::tag("session:a"), "gsession:a");
  EXPECT_EQ(rows::meta("format"), "mformat");
  EXPECT_EQ(to_hex(as_bytes(rows::tag_value(1, 2))), "00000000000000010000000000000002");
}

TEST(Rows, NumberedKeysSortByNumber) {
  EXPECT_LT(rows::commit(255), rows::commit(256));
  EXPECT_LT(rows::commit(0x7fffffffffffffff), rows::commit(0x8000000000000000));
  EXPECT_LT(rows::tile(0, ~std::uint64_t{0}), rows::tile(1, 0));
}

TEST(Rows, NumbersAreReadBack) {
  EXPECT_EQ(rows::number_of(rows::commit(77)), 77U);
  EXPECT_FALSE(rows::number_of("c"));
  EXPECT_FALSE(rows::number_of(rows::commit(77) + "x"));
  const auto tile = rows::parse_tile(rows::tile(3, 9));
  ASSERT_TRUE(tile);
  EXPECT_EQ(tile->level, 3U);
  EXPECT_EQ(tile->n, 9U);
  EXPECT_FALSE(rows::parse_tile("h"));
  EXPECT_FALSE(rows::parse_tile(rows::commit(1) + "x"));
}

TEST(Rows, BundleSplitsIntoExactlyItsEntries) {
  std::string bundle;
  const Bytes longest(kEntryBytesMax, 7);
  rows::append_to_bundle(bundle, as_bytes("one"));
  rows::append_to_bundle(bundle, {});
  rows::append_to_bundle(bundle, longest);
  const auto entries = rows::split_entries(as_bytes(bundle));
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_EQ(as_text((*entries)[0]), "one");
  EXPECT_TRUE((*entries)[1].empty());
  EXPECT_EQ(to_bytes((*entries)[2]), longest);
  EXPECT_EQ(as_text(*rows::entry_at(as_bytes(bundle), 0)), "one");
  EXPECT_EQ(to_bytes(*rows::entry_at(as_bytes(bundle), 2)), longest);
  EXPECT_FALSE(rows::entry_at(as_bytes(bundle), 3));
  EXPECT_FALSE(rows::split_entries(as_bytes(bundle + "x")));
  EXPECT_FALSE(rows::split_entries(as_bytes(bundle + '\0')));
  bundle.pop_back();
  EXPECT_FALSE(rows::split_entries(as_bytes(bundle)));
  EXPECT_FALSE(rows::entry_at(as_bytes(bundle), 2));
  EXPECT_TRUE(rows::split_entries({})->empty());
}

TEST(Rows, OpenBundleBeginsAtAMultipleOfItsWidth) {
  EXPECT_EQ(rows::open_bundle(0), 0U);
  EXPECT_EQ(rows::open_bundle(255), 0U);
  EXPECT_EQ(rows::open_bundle(256), 256U);
  EXPECT_EQ(rows::open_bundle(257), 256U);
}

}  // namespace
}  // namespace phantom
