#pragma once
// A ledger that is nothing but a list of entries, and published logs in memory.

#include "ledger/publish.h"
#include "ledger/reader.h"
#include "ledger/signer.h"
#include "ledger/verify_tiles.h"
#include "tests/support/ledger_fixture.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace phantom::test {

// Entries may be any bytes. The head is the one that was set last.
class ListedLedger final : public LedgerReader {
 public:
  ListedLedger() = default;
  // All events of `ledger` up to the commit of `size` events, whose note is the head.
  ListedLedger(const MemoryLedger& ledger, std::uint64_t size);

  void add(Bytes entry);
  std::uint64_t count() const { return entries_.size(); }
  Digest root_of(std::uint64_t size) const;
  // A head over the first `size` entries, signed by `key`, whose name is the origin.
  void set_head(std::uint64_t size, const Signer& key);
  void set_head(SignedCheckpoint head) { head_ = std::move(head); }
  Bytes& change(Seq seq) { return entries_.at(seq); }

  const SignedCheckpoint& head() const override { return head_; }
  Result<bool> catch_up() override { return false; }
  Result<Bytes> entry(Seq seq) const override;
  Status scan(Seq from, Seq to, const std::function<bool(Seq, const Bytes&)>& visit) const override;
  Result<std::optional<TagState>> tag(std::string_view tag) const override;
  Status history(std::string_view tag,
                 const std::function<bool(Seq, const Bytes&)>& visit) const override;
  Status commits(std::uint64_t after_size,
                 const std::function<bool(const SignedCheckpoint&)>& visit) const override;
  Result<Digest> node(unsigned height, std::uint64_t index) const override;

 private:
  std::vector<Bytes> entries_;
  std::vector<std::vector<Digest>> nodes_;  // by height
  CompactRange range_;
  SignedCheckpoint head_;
};

using Files = std::map<std::string, Bytes>;

// Publishes into `files`.
class MemorySink final : public TileSink {
 public:
  explicit MemorySink(Files& into) : files(into) {}
  Result<std::optional<std::string>> checkpoint() override;
  Status put(const std::string& path, ByteView bytes) override;
  Status commit(std::string_view note) override;
  void remove_partials(const std::string& path) override;

  Files& files;
  std::vector<std::string> written;
};

// Serves `files`.
class MemorySource final : public TileSource {
 public:
  explicit MemorySource(const Files& from) : files(from) {}
  Result<Bytes> fetch(const std::string& path, std::size_t bytes_max) const override;
  Status each_file(const std::function<void(const std::string&)>& visit) const override;

  const Files& files;
  std::map<std::string, Code> errors = {};  // answers to some paths
};

}  // namespace phantom::test
