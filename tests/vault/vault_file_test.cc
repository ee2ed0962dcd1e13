#include "vault/vault_file.h"

#include "events/encoding.h"
#include "tests/support/golden.h"
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
  record.expires_ns = 30;
  record.placeholder = make_placeholder(random);
  record.former_placeholder = make_placeholder(random);
  PH_CHECK(seal_record("demo", SecretBytes::copy_of(value), keys, random, record).ok(), "seal");
  OlderVersion older;
  older.version = 2;
  older.changed_ns = 15;
  older.expires_ns = 16;
  older.placeholder = record.former_placeholder;
  record.older.push_back(std::move(older));
  const auto sealed = seal_value(place_of("demo", record, record.older[0]),
                                 SecretBytes::copy_of("older-" + std::string(value)), keys, random);
  PH_CHECK(sealed.ok(), "seal");
  record.older[0].value = *sealed;
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
  for (const char* name : {"ALPHA", "BETA", "prod/ALPHA"}) {
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
    for (const OlderVersion& older : record.older) {
      PH_TRY(open_value(place_of(image.header.project, record, older), older.value, keys));
    }
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
  EXPECT_EQ(image->records[1].expires_ns, 30);
  EXPECT_EQ(image->records[1].placeholder, sample.image.records[1].placeholder);
  EXPECT_EQ(image->records[1].former_placeholder, sample.image.records[1].former_placeholder);
  EXPECT_EQ(image->records[2].name, "prod/ALPHA");
  const auto value = open_record("demo", image->records[1], sample.keys);
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(value->text(), "example-value-of-BETA");
  ASSERT_EQ(image->records[1].older.size(), 1U);
  const OlderVersion& older = image->records[1].older[0];
  EXPECT_EQ(older.version, 2U);
  EXPECT_EQ(older.changed_ns, 15);
  EXPECT_EQ(older.expires_ns, 16);
  const auto before =
      open_value(place_of("demo", image->records[1], older), older.value, sample.keys);
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->text(), "older-example-value-of-BETA");
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
  std::swap(swapped.records[0].value.sealed, swapped.records[1].value.sealed);
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
  changed[3].value.wrapped_key = sample.image.records[1].value.wrapped_key;
  changed[4].value.sealed = sample.image.records[1].value.sealed;
  changed[5].value.sealed.pop_back();
  for (const VaultRecord& record : changed) {
    EXPECT_EQ(open_record("demo", record, sample.keys).error().code, Code::kCorrupt);
  }
  // An older value does not open as the newest one, nor as another version.
  VaultRecord older_as_newest = good;
  older_as_newest.value = good.older[0].value;
  EXPECT_FALSE(open_record("demo", older_as_newest, sample.keys).ok());
  OlderVersion other_version = good.older[0];
  other_version.version = 1;
  EXPECT_FALSE(
      open_value(place_of("demo", good, other_version), other_version.value, sample.keys).ok());
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
  sample.file[9] = kVaultFormat + 1;
  EXPECT_EQ(parse_vault(sample.file).error().code, Code::kUnsupported);
  sample.file[9] = 0;
  EXPECT_EQ(parse_vault(sample.file).error().code, Code::kCorrupt);
}

Bytes golden_vault(const std::string& name) {
  std::string text = read_golden(name);
  std::erase(text, '\n');
  auto bytes = from_hex(text);
  PH_CHECK(bytes.has_value(), "hexadecimal");
  return *bytes;
}

// The files tests/scripts/vault_reader.py opens too.
SecretBytes golden_key() {
  SecretBytes key = SecretBytes::zeros(kVaultKeyBytes);
  for (std::size_t i = 0; i < kVaultKeyBytes; ++i) key.writable()[i] = static_cast<std::uint8_t>(i);
  return key;
}

TEST(VaultFile, FilesOfFormat1StillOpenAndBecomeFormat2) {
  for (const auto& [name, method] :
       {std::pair("vault_format_1_passphrase.hex", UnlockMethod::kPassphrase),
        std::pair("vault_format_1_key_file.hex", UnlockMethod::kKeyFile)}) {
    const Bytes file = golden_vault(name);
    const auto image = parse_vault(file);
    ASSERT_TRUE(image.ok()) << name << image.error().message;
    EXPECT_EQ(image->header.format, 1);
    EXPECT_EQ(image->header.method, method);
    const SecretBytes input = method == UnlockMethod::kPassphrase
                                  ? SecretBytes::copy_of(std::string_view("correct horse"))
                                  : golden_key();
    const auto keys = derive_vault_keys(image->header, input);
    ASSERT_TRUE(keys.ok());
    ASSERT_TRUE(check_vault_key(image->header, *keys));
    ASSERT_TRUE(authenticate_vault(file, *keys).ok());
    ASSERT_EQ(image->records.size(), 2U);
    EXPECT_EQ(image->records[1].version, 4U);
    EXPECT_EQ(image->records[1].expires_ns, 0);
    EXPECT_TRUE(image->records[1].older.empty());
    EXPECT_EQ(open_record("demo", image->records[1], *keys)->text(), "example-value-of-DEMO_TWO");

    const auto rewritten = encode_vault(*image, *keys);
    ASSERT_TRUE(rewritten.ok());
    const auto again = parse_vault(*rewritten);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->header.format, 2);
    EXPECT_TRUE(authenticate_vault(*rewritten, *keys).ok());
    EXPECT_EQ(open_record("demo", again->records[0], *keys)->text(), "example-value-of-DEMO_ONE");
  }
}

TEST(VaultFile, TheSampleOfFormat2IsWrittenAsItWas) {
  SeededRandom random(2027);
  VaultImage image;
  image.header.kdf = {2, 64};
  image.header.version = 5;
  image.header.project = "demo";
  random.fill(image.header.salt);
  const VaultKeys keys = keys_for(image.header, "correct horse");
  image.header.key_check = keys.check;
  for (const char* name : {"DEMO_ONE", "DEMO_TWO", "prod/DEMO_ONE"}) {
    image.records.push_back(
        sealed_record(name, std::string("example-value-of-") + name, keys, random));
  }
  image.records[0].older.clear();
  image.records[0].expires_ns = 0;
  image.records[0].former_placeholder.clear();
  const auto file = encode_vault(image, keys);
  ASSERT_TRUE(file.ok());
  std::string lines;
  const std::string hex = to_hex(*file);
  for (std::size_t i = 0; i < hex.size(); i += 96) lines += hex.substr(i, 96) + "\n";
  expect_golden("vault_format_2_passphrase.hex", lines);
}

TEST(VaultFile, TheSecretServiceIsAMethodOfFormat2Only) {
  SeededRandom random(28);
  VaultImage image;
  image.header.method = UnlockMethod::kSecretService;
  image.header.kdf = {0, 0};
  image.header.version = 1;
  image.header.project = "demo";
  random.fill(image.header.salt);
  const VaultKeys keys = *derive_vault_keys(image.header, golden_key());
  image.header.key_check = keys.check;
  Bytes file = *encode_vault(image, keys);
  EXPECT_EQ(parse_vault(file)->header.method, UnlockMethod::kSecretService);
  // The same 32 bytes as a key file give other keys.
  VaultHeader as_key_file = image.header;
  as_key_file.method = UnlockMethod::kKeyFile;
  EXPECT_FALSE(check_vault_key(image.header, *derive_vault_keys(as_key_file, golden_key())));
  file[9] = 1;
  EXPECT_EQ(parse_vault(file).error().code, Code::kCorrupt);
}

TEST(VaultFile, OlderVersionsMustBeFewAndDescending) {
  const SealedSample sample = sealed_sample();
  VaultImage many = sample.image;
  many.records[0].version = 9;
  many.records[0].older.assign(4, many.records[0].older[0]);
  for (std::size_t i = 0; i < 4; ++i) many.records[0].older[i].version = 8 - i;
  EXPECT_EQ(encode_vault(many, sample.keys).error().code, Code::kInvalid);
  many.records[0].older.pop_back();
  EXPECT_TRUE(encode_vault(many, sample.keys).ok());
  many.records[0].older[2].version = 7;
  EXPECT_EQ(encode_vault(many, sample.keys).error().code, Code::kInvalid);
  many.records[0].older[2].version = 0;
  EXPECT_EQ(encode_vault(many, sample.keys).error().code, Code::kInvalid);
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
  EXPECT_NE(one.value.sealed, two.value.sealed);
  EXPECT_NE(one.value.wrapped_key, two.value.wrapped_key);
}

}  // namespace
}  // namespace phantom
