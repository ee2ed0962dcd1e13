// Each row of the table in docs/FORMAT.md section 4, on real files: what verify says, what the next
// writer does, and what verify says after that.

#include "ledger/head_guard.h"
#include "ledger/layout.h"
#include "ledger/signer.h"
#include "ledger/store.h"
#include "tests/support/ledger_home.h"
#include "tests/support/ledger_promises.h"

#include <gtest/gtest.h>

#include <functional>

namespace phantom::test {
namespace {

namespace fs = std::filesystem;

// A ledger of three events, with what it was after the first.
struct Scene {
  Scene() {
    home.create();
    young_head = *read_file(files.head(), kHeadFileBytes);
    fs::copy(files.db(), home.home().root / "young", fs::copy_options::recursive);
    auto writer = open_writer(home.home());
    for (std::uint64_t i = 0; i < 2; ++i) {
      PH_CHECK(submit_and_wait(**writer, identified_draft(i)).ok(), "append");
    }
  }
  void write_head(const Bytes& bytes) const {
    PH_CHECK(write_file_durably(files.head(), bytes, 0600).ok(), "write head");
  }
  // A copy of the same size that this ledger's keys signed, over other events.
  void fork_head() const {
    const auto log_key = Signer::load(log_key_file(home.home().keys()));
    const auto epoch_key = Signer::load(epoch_key_file(home.home().keys(), 1));
    Checkpoint other{log_key->verifier_key().name, 3, {}};
    other.root.fill(7);
    fs::remove(files.head());
    auto guard = HeadGuard::create(files.head());
    PH_CHECK(guard->publish(sign_checkpoint(other, *log_key, *epoch_key)).ok(), "publish");
  }

  LedgerHome home;
  LedgerFiles files{home.home().ledger()};
  Bytes young_head;
};

struct Row {
  const char* name;
  std::function<void(Scene&)> arrange;
  Verdict verdict;
  std::optional<Code> refusal;  // of the next writer
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class HeadTable : public testing::TestWithParam<Row> {};

TEST_P(HeadTable, IsDecidedAsWritten) {
  Scene scene;
  GetParam().arrange(scene);
  EXPECT_EQ(scene.home.verify().verdict, GetParam().verdict);
  const auto writer = open_writer(scene.home.home());
  if (GetParam().refusal) {
    ASSERT_FALSE(writer.ok());
    EXPECT_EQ(writer.error().code, *GetParam().refusal) << writer.error().message;
    EXPECT_EQ(scene.home.verify().verdict, GetParam().verdict) << "the evidence stays";
    return;
  }
  ASSERT_TRUE(writer.ok()) << writer.error().message;
  EXPECT_EQ(submit_and_wait(**writer, identified_draft(9))->seq, 3U);
  ASSERT_TRUE((*writer)->close().ok());
  EXPECT_EQ(scene.home.verify().verdict, Verdict::kVerified);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, HeadTable,
    testing::Values(Row{"SameNote", [](Scene&) {}, Verdict::kVerified, std::nullopt},
                    Row{"CopyBehind", [](Scene& s) { s.write_head(s.young_head); },
                        Verdict::kVerified, std::nullopt},
                    Row{"StoreBehind",
                        [](Scene& s) {
                          fs::remove_all(s.files.db());
                          fs::rename(s.home.home().root / "young", s.files.db());
                        },
                        Verdict::kFailed, Code::kCorrupt},
                    Row{"OtherRoot", [](Scene& s) { s.fork_head(); }, Verdict::kFailed,
                        Code::kCorrupt},
                    Row{"CopyMissing", [](Scene& s) { fs::remove(s.files.head()); },
                        Verdict::kFailed, std::nullopt},
                    Row{"CopyEmptied", [](Scene& s) { s.write_head(Bytes(kHeadFileBytes, 0)); },
                        Verdict::kFailed, std::nullopt},
                    Row{"StoreEmpty",
                        [](Scene& s) {
                          fs::remove_all(s.files.db());
                          auto store = Store::create(s.files.db(), {});
                          PH_CHECK(store.ok() && (*store)->close().ok(), "an empty store");
                        },
                        Verdict::kFailed, Code::kCorrupt},
                    Row{"SlotDamaged",
                        [](Scene& s) {
                          Bytes head = *read_file(s.files.head(), kHeadFileBytes);
                          head[100] ^= 1;
                          s.write_head(head);
                        },
                        Verdict::kFailed, std::nullopt}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace phantom::test
