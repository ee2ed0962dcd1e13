#include "events/seal.h"

#include "events/limits.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

class SealedFieldTest : public testing::Test {
 protected:
  SealedFieldTest() {
    random_.fill(key_);
    random_.fill(event_);
  }
  SealedField seal(const std::string& text) {
    return seal_field(key_, "s_0011", event_, {"argv", text}, random_);
  }

  SeededRandom random_{5};
  SubjectKey key_{};
  EventId event_{};
};

TEST_F(SealedFieldTest, OpensWithTheRightKey) {
  for (const std::string& text : {std::string(), std::string("curl --fail"),
                                  std::string(4'096, 'x'), std::string("\0\xff\n", 3)}) {
    const SealedField field = seal(text);
    EXPECT_EQ(field.field, "argv");
    EXPECT_EQ(field.subject, "s_0011");
    const auto opened = open_field(key_, event_, field);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(*opened, text);
  }
}

TEST_F(SealedFieldTest, TheTextIsNotInTheCiphertext) {
  const SealedField field = seal("find me if you can");
  EXPECT_EQ(as_text(field.ciphertext).find("find me"), std::string_view::npos);
  EXPECT_NE(seal("find me if you can").ciphertext, field.ciphertext);
}

TEST_F(SealedFieldTest, LongTextIsCut) {
  const auto opened = open_field(key_, event_, seal(std::string(10'000, 'y')));
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->size(), kSealedPlainBytesMax);
}

TEST_F(SealedFieldTest, StaysClosedForAnotherKeyEventOrField) {
  const SealedField field = seal("curl");
  SubjectKey other_key = key_;
  other_key[31] ^= 1;
  EXPECT_FALSE(open_field(other_key, event_, field).ok());

  EventId other_event = event_;
  other_event[0] ^= 1;
  EXPECT_FALSE(open_field(key_, other_event, field).ok());

  SealedField renamed = field;
  renamed.field = "cwd";
  const auto opened = open_field(key_, event_, renamed);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kCorrupt);
}

TEST_F(SealedFieldTest, EveryFlippedBitIsNoticed) {
  const SealedField good = seal("curl https://example.org");
  for (std::size_t bit = 0; bit < good.ciphertext.size() * 8; ++bit) {
    SealedField bad = good;
    bad.ciphertext[bit / 8] = static_cast<std::uint8_t>(bad.ciphertext[bit / 8] ^ (1U << bit % 8));
    EXPECT_FALSE(open_field(key_, event_, bad).ok()) << bit;
  }
  for (std::size_t bit = 0; bit < good.nonce.size() * 8; ++bit) {
    SealedField bad = good;
    bad.nonce[bit / 8] = static_cast<std::uint8_t>(bad.nonce[bit / 8] ^ (1U << bit % 8));
    EXPECT_FALSE(open_field(key_, event_, bad).ok()) << bit;
  }
}

TEST_F(SealedFieldTest, WrongSizesAreRefusedBeforeAnythingIsRead) {
  SealedField field = seal("curl");
  for (const std::size_t size : {0U, 1U, 15U}) {
    SealedField bad = field;
    bad.ciphertext.resize(size);
    EXPECT_FALSE(open_field(key_, event_, bad).ok());
  }
  for (const std::size_t size : {0U, 23U, 25U}) {
    SealedField bad = field;
    bad.nonce.resize(size);
    EXPECT_FALSE(open_field(key_, event_, bad).ok());
  }
}

}  // namespace
}  // namespace phantom
