#include "events/sha256.h"

#include "events/encoding.h"

#include <gtest/gtest.h>

#include <thread>

namespace phantom {
namespace {

// FIPS 180-4 examples.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(to_hex(sha256(as_bytes(""))),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  const Bytes million(1'000'000, 'a');
  EXPECT_EQ(to_hex(sha256(million)),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PartsAreHashedAsOneText) {
  const std::string text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(sha256({as_bytes(text).first(cut), ByteView(), as_bytes(text).subspan(cut)}),
              sha256(as_bytes(text)));
  }
}

TEST(Sha256, ThreadsDoNotDisturbEachOther) {
  const Bytes one(10'000, 1);
  const Bytes two(10'000, 2);
  const Digest digest_one = sha256(one);
  const Digest digest_two = sha256(two);
  bool good_one = true;
  bool good_two = true;
  std::thread first([&] {
    for (int i = 0; i < 200; ++i) good_one = good_one && sha256(one) == digest_one;
  });
  std::thread second([&] {
    for (int i = 0; i < 200; ++i) good_two = good_two && sha256(two) == digest_two;
  });
  first.join();
  second.join();
  EXPECT_TRUE(good_one);
  EXPECT_TRUE(good_two);
}

}  // namespace
}  // namespace phantom
