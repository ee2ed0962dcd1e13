// Signing keys: known answers of RFC 8032, key files, and what is not one.

#include "ledger/signer.h"

#include "events/encoding.h"
#include "ledger/home.h"
#include "ledger/key_files.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace phantom::test {
namespace {

// RFC 8032, 7.1: tests 1 to 3.
struct Rfc8032Case {
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};
constexpr Rfc8032Case kRfc8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

struct FixedSeed final : Random {
  explicit FixedSeed(const char* hex) : seed(*from_hex(hex)) {}
  void fill(std::span<std::uint8_t> out) override {
    ASSERT_EQ(out.size(), seed.size());
    std::copy(seed.begin(), seed.end(), out.begin());
  }
  Bytes seed;
};

TEST(Signer, GivesTheAnswersOfRfc8032) {
  for (const Rfc8032Case& known : kRfc8032) {
    FixedSeed seed(known.seed);
    const Signer signer = Signer::generate("test.example", seed);
    EXPECT_EQ(to_hex(signer.verifier_key().key), known.public_key);
    const Bytes message = *from_hex(known.message);
    const Signature signature = signer.sign(message);
    EXPECT_EQ(to_hex(signature), known.signature);
    EXPECT_TRUE(verify_signature(signer.verifier_key().key, message, signature));
  }
}

TEST(Signer, KeyFileKeepsTheKeyAndIsPrivate) {
  LedgerHome home;
  const auto file = home.home().root / "log.key";
  const Signer signer = Signer::generate("phantom.local/x", system_random());
  ASSERT_TRUE(signer.save(file).ok());
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto loaded = Signer::load(file);
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->verifier_key().text(), signer.verifier_key().text());
  EXPECT_EQ(loaded->sign(as_bytes("m")), signer.sign(as_bytes("m")));
}

TEST(Signer, NoChangedByteOfAKeyFileLoadsAsTheSameKey) {
  LedgerHome home;
  const auto file = home.home().root / "log.key";
  const Signer signer = Signer::generate("phantom.local/x", system_random());
  ASSERT_TRUE(signer.save(file).ok());
  const Bytes good = *read_file(file, 1'024);
  for (std::size_t i = 0; i + 1 < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= 0x01;
    ASSERT_TRUE(write_file_durably(file, bad, 0600).ok());
    const auto loaded = Signer::load(file);
    EXPECT_TRUE(!loaded.ok() || loaded->verifier_key().text() != signer.verifier_key().text())
        << "byte " << i;
  }
}

TEST(Signer, ErrorsNeverCarryTheKey) {
  LedgerHome home;
  const auto file = home.home().root / "log.key";
  const std::string text = "PRIVATE+KEY+x+00000000+example-not-a-real-key";
  ASSERT_TRUE(write_file_durably(file, as_bytes(text), 0600).ok());
  const auto loaded = Signer::load(file);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().message.find("example-not"), std::string::npos);
}

TEST(Signer, DestroyedKeyFileIsGone) {
  LedgerHome home;
  const auto file = home.home().root / "epoch-1.key";
  ASSERT_TRUE(Signer::generate("x", system_random()).save(file).ok());
  ASSERT_TRUE(destroy_key_file(file).ok());
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_TRUE(destroy_key_file(file).ok()) << "twice is fine after a crash";
}

TEST(Signer, KeyFileWithABadNameIsRefused) {
  LedgerHome home;
  const auto file = home.home().root / "log.key";
  const Signer signer = Signer::generate("x", system_random());
  ASSERT_TRUE(signer.save(file).ok());
  const std::string good(as_text(*read_file(file, 1'024)));
  const std::size_t at = std::string_view("PRIVATE+KEY+").size();
  for (const std::string_view name : {"", "a b", "\xff", "\x01"}) {
    std::string bad = good;
    bad.replace(at, 1, name);
    ASSERT_TRUE(write_file_durably(file, as_bytes(bad), 0600).ok());
    const auto loaded = Signer::load(file);
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().code, Code::kInvalid);
  }
}

// Places in this process's writable memory that hold the bytes whose complement is `masked`.
std::size_t copies_in_memory(const Bytes& masked) {
  std::vector<std::uint8_t> buffer(1 << 20);
  std::ifstream maps("/proc/self/maps");
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  PH_CHECK(memory >= 0, "a process may read its own memory");
  const auto own = reinterpret_cast<std::uintptr_t>(buffer.data());
  const auto first = static_cast<std::uint8_t>(~masked[0]);
  std::size_t found = 0;
  std::string line;
  while (std::getline(maps, line)) {
    std::uintptr_t from = 0;
    std::uintptr_t to = 0;
    char access[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, access) != 3 || access[1] != 'w')
      continue;
    const std::size_t step = buffer.size() - masked.size();
    for (std::uintptr_t at = from; at < to; at += step) {
      const std::size_t want = std::min<std::size_t>(buffer.size(), to - at);
      const ssize_t got = ::pread(memory, buffer.data(), want, static_cast<off_t>(at));
      if (got < static_cast<ssize_t>(masked.size())) break;
      const std::uint8_t* const end = buffer.data() + got - masked.size();
      for (const std::uint8_t* p = buffer.data(); p <= end; ++p) {
        p = static_cast<const std::uint8_t*>(
            std::memchr(p, first, static_cast<std::size_t>(end - p) + 1));
        if (p == nullptr) break;
        const std::uintptr_t place = at + static_cast<std::uintptr_t>(p - buffer.data());
        if (place >= own && place < own + buffer.size()) continue;
        std::size_t same = 0;
        while (same < masked.size() && p[same] == static_cast<std::uint8_t>(~masked[same])) ++same;
        if (same == masked.size()) ++found;
      }
    }
  }
  ::close(memory);
  return found;
}

Bytes complement_of(ByteView secret) {
  Bytes masked;
  for (const std::uint8_t byte : secret) masked.push_back(static_cast<std::uint8_t>(~byte));
  return masked;
}

TEST(Signer, NothingOfTheSecretStaysInMemory) {
  LedgerHome home;
  const auto file = home.home().root / "epoch-1.key";
  Bytes seed;
  Bytes text;
  {
    Signer signer = Signer::generate("phantom.local/x", system_random());
    {
      const SecretBytes bytes = signer.seed();
      const SecretBytes line = signer.text();
      seed = complement_of(bytes.view());
      text = complement_of(line.view().subspan(line.size() - 44));
    }
    signer.sign(as_bytes("m"));
    ASSERT_TRUE(signer.save(file).ok());
    const auto loaded = Signer::load(file);
    ASSERT_TRUE(loaded.ok());
    EXPECT_GE(copies_in_memory(seed), 2U) << "the search finds what is there";
    // As a writer changes its epoch: the old secret goes when the new one takes its place.
    signer = Signer::generate("phantom.local/x", system_random());
  }
  EXPECT_EQ(copies_in_memory(seed), 0U);
  EXPECT_EQ(copies_in_memory(text), 0U);
}

}  // namespace
}  // namespace phantom::test
