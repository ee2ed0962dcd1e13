#include "vault/vault_file.h"

#include "tests/support/seeded_random.h"
#include "vault/placeholder.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace phantom {
namespace {

constexpr KdfCost kTinyCost{1, 8};

struct SealedSample {
  VaultImage image;
  VaultKeys keys;
  Bytes file;
};

VaultKeys keys_for(const VaultHeader& header, std::string_view passphrase) {
  auto keys = derive_vault_keys(header, SecretBytes::copy_of(passphrase));
  PH_CHECK(keys.ok(), "sample keys");
  return std::move(*keys);
}

VaultRecord sealed_record(const std::string& name, std::string_view value, const VaultKeys& keys,
                          Random& random) {
  VaultRecord record;
  record.name = name;
  record.version = 3;
  record.created_ns = 10;
  record.changed_ns = 20;
  record.placeholder = make_placeholder(random);
  PH_CHECK(seal_record("demo", SecretBytes::copy_of(value), keys, random, record).ok(), "seal");
  return record;
}

SealedSample sealed_sample() {
  SeededRandom random(21);
  SealedSample sample;
  VaultHeader& header = sample.image.header;
  header.kdf = kTinyCost;
  header.version = 7;
  header.project = "demo";
  random.fill(header.salt);
  sample.keys = keys_for(header, "correct horse");
  header.key_check = sample.keys.check;
  for (const char* name : {"ALPHA", "BETA", "GAMMA"}) {
    sample.image.records.push_back(
        sealed_record(name, std::string("example-value-of-") + name, sample.keys, random));
  }
  auto file = encode_vault(sample.image, sample.keys);
  PH_CHECK(file.ok(), "encode");
  sample.file = std::move(*file);
  return sample;
}

// All that a reader does, up to the values.
Status opens_as_good(const Bytes& file, std::string_view passphrase) {
  PH_ASSIGN(const VaultImage image, parse_vault(file));
  PH_ASSIGN(const VaultKeys keys,
            derive_vault_keys(image.header, SecretBytes::copy_of(passphrase)));
  if (!check_vault_key(image.header, keys)) return Error{Code::kDenied, "wrong passphrase"};
  PH_TRY(authenticate_vault(file, keys));
  for (const VaultRecord& record : image.records) {
    PH_TRY(open_record(image.header.project, record, keys));
  }
  return {};
}

TEST(VaultFile, RoundTripGivesEverythingBack) {
  const SealedSample sample = sealed_sample();
  ASSERT_TRUE(opens_as_good(sample.file, "correct horse").ok());
  const auto image = parse_vault(sample.file);
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->header.version, 7U);
  EXPECT_EQ(image->header.project, "demo");
  EXPECT_EQ(image->header.kdf.passes, 1U);
  ASSERT_EQ(image->records.size(), 3U);
  EXPECT_EQ(image->records[1].name, "BETA");
  EXPECT_EQ(image->records[1].version, 3U);
  EXPECT_EQ(image->records[1].created_ns, 10);
  EXPECT_EQ(image->records[1].changed_ns, 20);
  EXPECT_EQ(image->records[1].placeholder, sample.image.records[1].placeholder);
  const auto value = open_record("demo", image->records[1], sample.keys);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->text(), "example-value-of-BETA");
  EXPECT_EQ(*encode_vault(*image, sample.keys), sample.file);
}

TEST(VaultFile, HoldsNoValueInClear) {
  const SealedSample sample = sealed_sample();
  EXPECT_EQ(as_text(sample.file).find("example-value"), std::string_view::npos);
}

TEST(VaultFile, NoFlippedByteOpensAsGood) {
  const SealedSample sample = sealed_sample();
  for (std::size_t i = 0; i < sample.file.size(); ++i) {
    for (const unsigned mask : {0x01U, 0x80U, 0xffU}) {
      Bytes bad = sample.file;
      bad[i] = static_cast<std::uint8_t>(bad[i] ^ mask);
      const auto image = parse_vault(bad);
      EXPECT_FALSE(authenticate_vault(bad, sample.keys).ok()) << i;
      // A flipped cost can ask for a gigabyte, which would only take time here.
      if (image.ok() && image->header.kdf.memory_kib > 1'024) continue;
      EXPECT_FALSE(opens_as_good(bad, "correct horse").ok()) << i;
    }
  }
}

TEST(VaultFile, NoTruncationAndNoTailOpens) {
  const SealedSample sample = sealed_sample();
  for (std::size_t size = 0; size < sample.file.size(); ++size) {
    const Bytes cut(sample.file.begin(), sample.file.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(opens_as_good(cut, "correct horse").ok()) << size;
  }
  Bytes longer = sample.file;
  longer.push_back(0);
  EXPECT_FALSE(opens_as_good(longer, "correct horse").ok());
}

TEST(VaultFile, WrongPassphraseIsToldFromDamage) {
  const SealedSample sample = sealed_sample();
  EXPECT_EQ(opens_as_good(sample.file, "wrong horse").error().code, Code::kDenied);
  Bytes bad = sample.file;
  bad[bad.size() - 40] ^= 1;
  EXPECT_EQ(opens_as_good(bad, "correct horse").error().code, Code::kCorrupt);
}

TEST(VaultFile, DroppedSwappedAndReorderedRecordsAreNoticed) {
  const SealedSample sample = sealed_sample();
  SeededRandom random(22);
  const VaultKeys other = keys_for(sample.image.header, "another");

  // Without the key an attacker can only compute a code that is wrong.
  VaultImage dropped = sample.image;
  dropped.records.pop_back();
  EXPECT_EQ(authenticate_vault(*encode_vault(dropped, other), sample.keys).error().code,
            Code::kCorrupt);

  VaultImage swapped = sample.image;
  std::swap(swapped.records[0].sealed_value, swapped.records[1].sealed_value);
  EXPECT_FALSE(authenticate_vault(*encode_vault(swapped, other), sample.keys).ok());

  VaultImage disordered = sample.image;
  std::swap(disordered.records[0], disordered.records[1]);
  EXPECT_EQ(encode_vault(disordered, sample.keys).error().code, Code::kInvalid);

  VaultImage twice = sample.image;
  twice.records[1] = twice.records[0];
  EXPECT_EQ(encode_vault(twice, sample.keys).error().code, Code::kInvalid);
}

TEST(VaultFile, ValuesAreBoundToProjectNameVersionAndPlaceholder) {
  const SealedSample sample = sealed_sample();
  const VaultRecord& good = sample.image.records[0];
  ASSERT_TRUE(open_record("demo", good, sample.keys).ok());
  EXPECT_EQ(open_record("other", good, sample.keys).error().code, Code::kCorrupt);
  SeededRandom random(23);
  std::vector<VaultRecord> changed(6, good);
  changed[0].name = "BETA";
  changed[1].version = 4;
  changed[2].placeholder = make_placeholder(random);
  changed[3].wrapped_key = sample.image.records[1].wrapped_key;
  changed[4].sealed_value = sample.image.records[1].sealed_value;
  changed[5].sealed_value.pop_back();
  for (const VaultRecord& record : changed) {
    EXPECT_EQ(open_record("demo", record, sample.keys).error().code, Code::kCorrupt);
  }
}

TEST(VaultFile, CostsAreCheckedBeforeTheyAreUsed) {
  const SealedSample sample = sealed_sample();
  // Bytes 20-23 are the passes, 24-27 the memory.
  for (const std::size_t offset : {20U, 24U}) {
    Bytes greedy = sample.file;
    greedy[offset] = 0xff;
    EXPECT_EQ(parse_vault(greedy).error().code, Code::kCorrupt);
    Bytes zero = sample.file;
    std::fill_n(zero.begin() + static_cast<std::ptrdiff_t>(offset), 4, std::uint8_t{0});
    EXPECT_EQ(parse_vault(zero).error().code, Code::kCorrupt);
  }
  EXPECT_TRUE(check_kdf_cost({}).ok());
  EXPECT_FALSE(check_kdf_cost({0, 64}).ok());
  EXPECT_FALSE(check_kdf_cost({17, 64}).ok());
  EXPECT_FALSE(check_kdf_cost({1, 1'048'577}).ok());
}

TEST(VaultFile, ANewerFormatIsUnsupportedNotDamaged) {
  SealedSample sample = sealed_sample();
  sample.file[9] = 2;
  EXPECT_EQ(parse_vault(sample.file).error().code, Code::kUnsupported);
}

TEST(VaultFile, KeyFileVaultNeedsNoPassphraseCost) {
  SeededRandom random(24);
  VaultImage image;
  image.header.method = UnlockMethod::kKeyFile;
  image.header.kdf = {0, 0};
  image.header.version = 1;
  image.header.project = "demo";
  random.fill(image.header.salt);
  SecretBytes key = SecretBytes::zeros(kVaultKeyBytes);
  random.fill(key.writable());
  auto keys = derive_vault_keys(image.header, key);
  ASSERT_TRUE(keys.ok());
  image.header.key_check = keys->check;
  const auto file = encode_vault(image, *keys);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(parse_vault(*file).ok());
  EXPECT_TRUE(authenticate_vault(*file, *keys).ok());
  key.writable()[0] ^= 1;
  EXPECT_FALSE(check_vault_key(image.header, *derive_vault_keys(image.header, key)));
  EXPECT_EQ(derive_vault_keys(image.header, SecretBytes::copy_of("short")).error().code,
            Code::kInvalid);
}

TEST(VaultFile, BoundsAreKept) {
  SeededRandom random(25);
  SealedSample sample = sealed_sample();
  VaultRecord record = sample.image.records[0];
  EXPECT_EQ(
      seal_record("demo", SecretBytes::zeros(kSecretValueBytesMax + 1), sample.keys, random, record)
          .error()
          .code,
      Code::kLimit);
  EXPECT_TRUE(
      seal_record("demo", SecretBytes::zeros(kSecretValueBytesMax), sample.keys, random, record)
          .ok());
  EXPECT_TRUE(seal_record("demo", SecretBytes(), sample.keys, random, record).ok());
  EXPECT_TRUE(open_record("demo", record, sample.keys)->empty());
  sample.image.records[0].name = "not a name";
  EXPECT_EQ(encode_vault(sample.image, sample.keys).error().code, Code::kInvalid);
  EXPECT_FALSE(is_valid_project("../x"));
  EXPECT_FALSE(is_valid_project(""));
  EXPECT_FALSE(is_valid_project(std::string(65, 'a')));
  EXPECT_TRUE(is_valid_project("demo-1"));
}

TEST(VaultFile, EqualValuesLookDifferent) {
  SeededRandom random(26);
  const SealedSample sample = sealed_sample();
  const VaultRecord one = sealed_record("ONE", "the same", sample.keys, random);
  const VaultRecord two = sealed_record("ONE", "the same", sample.keys, random);
  EXPECT_NE(one.sealed_value, two.sealed_value);
  EXPECT_NE(one.wrapped_key, two.wrapped_key);
}

}  // namespace
}  // namespace phantom
