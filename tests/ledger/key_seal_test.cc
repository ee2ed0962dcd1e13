// Sealed key files: known bytes, what opens them and what does not, and how they are replaced.

#include "ledger/key_seal.h"

#include "events/encoding.h"
#include "events/tags.h"
#include "ledger/epochs.h"
#include "ledger/key_change.h"
#include "ledger/key_files.h"
#include "ledger/layout.h"
#include "ledger/reader.h"
#include "tests/support/ledger_home.h"
#include "tests/support/seeded_random.h"

#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

// Bytes that count up from a number.
struct CountingRandom final : Random {
  explicit CountingRandom(std::uint8_t first) : next(first) {}
  void fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& byte : out) byte = next++;
  }
  std::uint8_t next;
};

constexpr KdfCost kQuick{1, 8};
constexpr const char* kPassphrase = "correct horse example";

SealTerms passphrase_terms(std::uint8_t salt_from = 0x10) {
  SealTerms terms{SealMethod::kPassphrase, kQuick, {}};
  CountingRandom(salt_from).fill(terms.salt);
  return terms;
}

// Opens what was sealed with one passphrase or one key, and counts how often it is asked.
class FixedUnlock final : public KeyUnlock {
 public:
  explicit FixedUnlock(std::string passphrase, Bytes key = Bytes(32, 7))
      : passphrase_(std::move(passphrase)), key_(std::move(key)) {}

  Result<SecretBytes> key_for(const SealTerms& terms) override {
    ++asked;
    if (terms.method == SealMethod::kKeyFile) return SecretBytes::copy_of(ByteView(key_));
    return derive_passphrase_key(SecretBytes::copy_of(passphrase_), terms.cost, terms.salt);
  }

  int asked = 0;

 private:
  std::string passphrase_;
  Bytes key_;
};

KeySeal seal_with(const SealTerms& terms, const std::string& passphrase = kPassphrase,
                  const Bytes& key = Bytes(32, 7)) {
  FixedUnlock unlock(passphrase, key);
  return {terms, std::move(*unlock.key_for(terms))};
}

Signer example_signer() {
  CountingRandom seed(0);  // 00 01 02 .. 1f
  return Signer::generate("phantom.local/vector", seed);
}

// docs/FORMAT.md section 10.
constexpr const char* kKeyFileVector =
    "SEALED+KEY+phantom.local/vector+bc5d34d0+keyfile+QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXRC8yFGBxvDbii"
    "5eEurH+Z2j1sbWDQmolIjrr8WLB+YcHWSna2YuJNnz8/jKqr7Te";
constexpr const char* kPassphraseVector =
    "SEALED+KEY+phantom.local/"
    "vector+bc5d34d0+passphrase+AAAAAQAAAAgQERITFBUWFxgZGhscHR4fQEFCQ0RFRkd"
    "ISUpLTE1OT1BRUlNUVVZXNbPjqLk3CaCYFzDTZeEssw9wwWPJt9Z62kNhjd6rJzKe3N2myEkYtwxLHbT6jwke";

TEST(KeySeal, GivesTheBytesOfTheFormatPage) {
  const Signer signer = example_signer();
  CountingRandom nonce(0x40);
  EXPECT_EQ(seal_key(signer, seal_with({SealMethod::kKeyFile, {}, {}}), nonce), kKeyFileVector);
  nonce.next = 0x40;
  EXPECT_EQ(seal_key(signer, seal_with(passphrase_terms()), nonce), kPassphraseVector);
}

TEST(KeySeal, OpensTheBytesOfTheFormatPage) {
  for (const char* line : {kKeyFileVector, kPassphraseVector}) {
    const auto sealed = parse_sealed_key(line);
    ASSERT_TRUE(sealed.ok()) << line;
    FixedUnlock unlock(kPassphrase);
    const auto signer = open_sealed_key(*sealed, *unlock.key_for(sealed->terms));
    ASSERT_TRUE(signer.ok()) << signer.error().message;
    EXPECT_EQ(signer->verifier_key().text(), example_signer().verifier_key().text());
    EXPECT_EQ(signer->sign(as_bytes("m")), example_signer().sign(as_bytes("m")));
  }
}

TEST(KeySeal, NoChangedBitOfALineOpens) {
  for (const std::string good : {kKeyFileVector, kPassphraseVector}) {
    FixedUnlock unlock(kPassphrase);
    for (std::size_t i = 0; i < good.size(); ++i) {
      for (const int bit : {0, 3, 5}) {
        std::string line = good;
        line[i] = static_cast<char>(line[i] ^ (1 << bit));
        const auto sealed = parse_sealed_key(line);
        if (!sealed.ok()) continue;
        // A changed cost may ask for a gigabyte; that it does not fit is all there is to see.
        const bool costly = sealed->terms.cost.memory_kib > 1'024 &&
                            sealed->terms.method == SealMethod::kPassphrase;
        const SecretBytes key =
            costly ? SecretBytes::copy_of(ByteView(Bytes(32, 7))) : *unlock.key_for(sealed->terms);
        EXPECT_FALSE(open_sealed_key(*sealed, key).ok()) << "byte " << i << " bit " << bit;
      }
    }
  }
}

TEST(KeySeal, LineOfOneKeyDoesNotServeAnother) {
  // Same seed and seal, another name: a file moved to another epoch's place.
  CountingRandom seed(0);
  CountingRandom nonce(0x40);
  const Signer other = Signer::generate("phantom.local/other", seed);
  const KeySeal seal = seal_with({SealMethod::kKeyFile, {}, {}});
  std::string line = seal_key(other, seal, nonce);
  const std::size_t at = line.find("other");
  line.replace(at, 5, "moved");
  EXPECT_FALSE(open_sealed_key(*parse_sealed_key(line), seal.key).ok());
}

TEST(KeySeal, WrongKeyIsDeniedAndErrorsCarryNothing) {
  FixedUnlock wrong("wrong horse example", Bytes(32, 8));
  for (const char* line : {kKeyFileVector, kPassphraseVector}) {
    const auto sealed = parse_sealed_key(line);
    const auto opened = open_sealed_key(*sealed, *wrong.key_for(sealed->terms));
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Code::kDenied);
    EXPECT_EQ(opened.error().message.find("horse"), std::string::npos);
  }
}

TEST(KeySeal, NoncesAreFreshAndTheSeedIsNotInTheLine) {
  const Signer signer = example_signer();
  const KeySeal seal = seal_with({SealMethod::kKeyFile, {}, {}});
  const std::string first = seal_key(signer, seal, system_random());
  EXPECT_NE(first, seal_key(signer, seal, system_random()));
  const SecretBytes seed = signer.seed();
  const Bytes blob = *from_base64(first.substr(first.find("keyfile+") + 8));
  EXPECT_EQ(as_text(blob).find(seed.text()), std::string_view::npos);
}

TEST(KeySeal, CostsOutOfBoundsAndUnknownMethodsAreRefused) {
  const std::string line = kPassphraseVector;
  const std::size_t at = line.rfind("passphrase+") + 11;
  Bytes blob = *from_base64(line.substr(at));
  blob[4] = 0xff;  // 4 TiB
  EXPECT_EQ(parse_sealed_key(line.substr(0, at) + to_base64(blob)).error().code, Code::kInvalid);
  std::string unknown = kKeyFileVector;
  unknown.replace(unknown.find("keyfile"), 7, "tpm2bar");
  EXPECT_EQ(parse_sealed_key(unknown).error().code, Code::kUnsupported);
}

// Files of a whole ledger.

class SealedKeys : public testing::Test {
 protected:
  SealedKeys() { home_.create(); }
  const Home& home() const { return home_.home(); }

  Result<Receipt> seal(std::optional<KeySeal> with, KeyUnlock* unlock) {
    AppenderOptions options;
    options.unlock = unlock;
    options.wait_max = std::chrono::milliseconds(200);
    return change_key_seal(home(), Context{}, options,
                           [&]() -> Result<std::optional<KeySeal>> { return std::move(with); });
  }
  Status append_with(KeyUnlock* unlock) {
    AppenderOptions options;
    options.unlock = unlock;
    PH_ASSIGN(const auto appender, open_appender(home(), options));
    const auto receipt = appender->append(note_draft(1));
    if (!receipt.ok()) return receipt.error();
    return appender->close();
  }
  std::string content(const fs::path& file) const {
    return std::string(as_text(*read_file(file, 4'096)));
  }
  fs::path log_key() const { return log_key_file(home().keys()); }
  fs::path epoch_key(std::uint64_t epoch) const { return epoch_key_file(home().keys(), epoch); }
  std::vector<std::string> key_files() const {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(home().keys())) {
      names.push_back(file.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  LedgerHome home_;
};

TEST_F(SealedKeys, EverythingWorksAsBeforeForWhoCanOpenThem) {
  FixedUnlock unlock(kPassphrase);
  ASSERT_TRUE(seal(seal_with(passphrase_terms()), nullptr).ok());
  EXPECT_TRUE(content(log_key()).starts_with("SEALED+KEY+"));
  EXPECT_TRUE(content(epoch_key(1)).starts_with("SEALED+KEY+"));
  ASSERT_TRUE(append_with(&unlock).ok());
  EXPECT_EQ(unlock.asked, 1) << "one derivation for all keys";
  EXPECT_EQ(home_.verify().exit_code, 0);
}

TEST_F(SealedKeys, DeniedWithoutAWayToOpenThem) {
  ASSERT_TRUE(seal(seal_with(passphrase_terms()), nullptr).ok());
  const Status refused = append_with(nullptr);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kDenied);
  EXPECT_NE(refused.error().message.find("sealed with a passphrase"), std::string::npos);
  EXPECT_FALSE(refused.error().hint.empty());
  FixedUnlock wrong("wrong horse example");
  EXPECT_EQ(append_with(&wrong).error().code, Code::kDenied);
  EXPECT_EQ(home_.verify().exit_code, 0) << "verifying needs no secret";
}

TEST_F(SealedKeys, NewEpochKeysAreSealedTheSameWay) {
  FixedUnlock unlock(kPassphrase);
  ASSERT_TRUE(seal(seal_with(passphrase_terms()), nullptr).ok());
  AppenderOptions options;
  options.unlock = &unlock;
  auto appender = open_appender(home(), options);
  ASSERT_TRUE((*appender)->append(rotation_requested({}, 1)).ok());
  ASSERT_TRUE((*appender)->close().ok());
  EXPECT_EQ(unlock.asked, 1);
  EXPECT_FALSE(fs::exists(epoch_key(1)));
  const std::string line = content(epoch_key(2));
  const auto sealed = parse_sealed_key(std::string_view(line).substr(0, line.size() - 1));
  ASSERT_TRUE(sealed.ok());
  EXPECT_EQ(sealed->terms, passphrase_terms());
  ASSERT_TRUE(append_with(&unlock).ok());
  EXPECT_EQ(home_.verify().epochs, 2U);
}

TEST_F(SealedKeys, ChangesAreOnRecordAndNothingOfThemIsSecret) {
  FixedUnlock unlock(kPassphrase);
  const auto first = seal(seal_with(passphrase_terms()), nullptr);
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(seal(seal_with({SealMethod::kKeyFile, {}, {}}), &unlock).ok());
  const auto last = seal(std::nullopt, &unlock);
  ASSERT_TRUE(last.ok()) << last.error().message;
  auto reader = open_reader(home().ledger());
  std::string all;
  ASSERT_TRUE((*reader)
                  ->scan(first->seq, last->seq + 1,
                         [&](Seq, const Bytes& bytes) {
                           all += as_text(bytes);
                           return true;
                         })
                  .ok());
  for (const char* method : {"passphrase", "keyfile", "none"}) {
    EXPECT_NE(all.find(method), std::string::npos) << method;
  }
  EXPECT_EQ(all.find("horse"), std::string::npos);
  EXPECT_TRUE(content(log_key()).starts_with("PRIVATE+KEY+"));
  EXPECT_TRUE(append_with(nullptr).ok());
}

TEST_F(SealedKeys, PlainTextIsOverwrittenNotOnlyUnlinked) {
  // A second name for the old file's bytes shows what became of them.
  const fs::path witness = home().root / "witness";
  fs::create_hard_link(log_key(), witness);
  const std::string before = content(witness);
  ASSERT_TRUE(seal(seal_with(passphrase_terms()), nullptr).ok());
  const std::string after = content(witness);
  EXPECT_EQ(after, std::string(before.size(), '\0'));
  EXPECT_EQ(key_files(), (std::vector<std::string>{"epoch-1.key", "log.key"}));
}

TEST_F(SealedKeys, BusyLedgerIsLeftAlone) {
  auto appender = home_.open();
  const auto refused = seal(seal_with(passphrase_terms()), nullptr);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kBusy);
  EXPECT_TRUE(content(log_key()).starts_with("PRIVATE+KEY+"));
}

TEST_F(SealedKeys, OldKeyIsNeededToChangeTheSeal) {
  ASSERT_TRUE(seal(seal_with(passphrase_terms()), nullptr).ok());
  const std::string before = content(log_key());
  FixedUnlock wrong("wrong horse example");
  EXPECT_EQ(seal(std::nullopt, &wrong).error().code, Code::kDenied);
  EXPECT_EQ(seal(std::nullopt, nullptr).error().code, Code::kDenied);
  EXPECT_EQ(content(log_key()), before);
}

// One key file can take the place of another although both say nothing of themselves.
TEST_F(SealedKeys, KeyFileIsChangedForAnother) {
  const SealTerms terms{SealMethod::kKeyFile, {}, {}};
  FixedUnlock old_key("", Bytes(32, 1));
  FixedUnlock new_key("", Bytes(32, 2));
  ASSERT_TRUE(seal(seal_with(terms, "", Bytes(32, 1)), nullptr).ok());
  ASSERT_TRUE(seal(seal_with(terms, "", Bytes(32, 2)), &old_key).ok());
  EXPECT_EQ(append_with(&old_key).error().code, Code::kDenied);
  EXPECT_TRUE(append_with(&new_key).ok());
}

// What a crash leaves at each step of the replacement.

TEST_F(SealedKeys, CrashBeforeTheMarkerKeepsTheOldFiles) {
  const std::string before = content(log_key());
  ASSERT_TRUE(write_key_file(log_key().string() + ".next", as_bytes("half")).ok());
  ASSERT_TRUE(append_with(nullptr).ok());
  EXPECT_EQ(content(log_key()), before);
  EXPECT_EQ(key_files(), (std::vector<std::string>{"epoch-1.key", "log.key"}));
}

class SealedKeysCrash : public SealedKeys, public testing::WithParamInterface<int> {};

// The marker is there; `n` steps of the swaps are done: link, rename, destroy, for both files.
TEST_P(SealedKeysCrash, AfterTheMarkerTheNewFilesWin) {
  const KeySeal with = seal_with({SealMethod::kKeyFile, {}, {}});
  std::vector<fs::path> files{epoch_key(1), log_key()};
  for (const fs::path& file : files) {
    const Signer key = *Signer::load(file);
    const std::string line = seal_key(key, with, system_random());
    ASSERT_TRUE(write_key_file(file.string() + ".next", as_bytes(line)).ok());
  }
  ASSERT_TRUE(write_file_durably(key_replacing_file(home().keys()), {}, 0600).ok());
  const fs::path witness = home().root / "witness";
  fs::create_hard_link(log_key(), witness);
  for (int step = 0; step < GetParam(); ++step) {
    const fs::path& file = files[static_cast<std::size_t>(step / 3)];
    if (step % 3 == 0) fs::create_hard_link(file, file.string() + ".old");
    if (step % 3 == 1) fs::rename(file.string() + ".next", file);
    if (step % 3 == 2) {
      ASSERT_TRUE(destroy_key_file(file.string() + ".old").ok());
    }
  }
  FixedUnlock unlock("");
  ASSERT_TRUE(append_with(&unlock).ok());
  EXPECT_TRUE(content(epoch_key(1)).starts_with("SEALED+KEY+"));
  EXPECT_TRUE(content(log_key()).starts_with("SEALED+KEY+"));
  EXPECT_EQ(key_files(), (std::vector<std::string>{"epoch-1.key", "log.key"}));
  EXPECT_EQ(content(witness).find("PRIVATE"), std::string::npos) << "overwritten all the same";
  EXPECT_EQ(home_.verify().exit_code, 0);
}

INSTANTIATE_TEST_SUITE_P(EveryStep, SealedKeysCrash, testing::Range(0, 7));

}  // namespace
}  // namespace phantom::test
