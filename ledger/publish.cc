#include "ledger/publish.h"

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/limits.h"
#include "ledger/prove.h"
#include "ledger/tile_paths.h"
#include "ledger/tree.h"
#include "ledger/verify_entry.h"

#include <algorithm>

namespace phantom {
namespace {

std::string events_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " event" : " events");
}

class Publication {
 public:
  Publication(const LedgerReader& reader, TileSink& sink) : reader_(reader), sink_(sink) {}

  Result<Published> run(const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    PH_ASSIGN(SignedCheckpoint outside, outside_checkpoint(reader_.head()));
    done_.checkpoint = outside.checkpoint;
    done_.note = std::move(outside.note);
    PH_TRY(look_at_old());
    if (published_ && done_.size_before == size()) return done_;
    PH_TRY(check_copyable(reader_, done_.size_before));
    PH_TRY(resume());
    PH_TRY(write_new(progress));
    PH_TRY(write_partials());
    if (range_.root() != done_.checkpoint.root) {
      return Error{Code::kCorrupt, "the events do not hash to the root of their checkpoint",
                   "run 'phantom audit verify'"};
    }
    PH_TRY(sink_.commit(done_.note));
    remove_outgrown();
    return done_;
  }

 private:
  std::uint64_t size() const { return done_.checkpoint.size; }

  Result<Digest> node(unsigned height, std::uint64_t index) const {
    return reader_.node(height, index);
  }

  // What was published must be a start of this ledger.
  Status look_at_old() {
    PH_ASSIGN(const std::optional<std::string> note, sink_.checkpoint());
    if (!note) return {};
    published_ = true;
    const auto parsed = parse_checkpoint(*note);
    if (!parsed) {
      return Error{Code::kExists,
                   "there is a file 'checkpoint' that is none: " + parsed.error().message,
                   "publish to an empty directory"};
    }
    const Checkpoint& old = parsed->checkpoint;
    const auto fork = [&](const std::string& why) {
      return Error{Code::kCorrupt,
                   why + "; " + signer_text(*note) + "\npublished:\n" + *note + "this ledger:\n" +
                       done_.note,
                   "nothing was overwritten; keep both checkpoints: if the log's key signed both, "
                   "they prove that history was changed"};
    };
    if (old.origin != done_.checkpoint.origin) {
      return Error{Code::kExists,
                   "the directory holds the log " + old.origin + ", not " + done_.checkpoint.origin,
                   "publish to an empty directory"};
    }
    if (old.size > size()) {
      return fork("what was published has " + events_text(old.size) + ", this ledger only " +
                  std::to_string(size()));
    }
    const NodeSource nodes = [this](unsigned height, std::uint64_t index) {
      return node(height, index);
    };
    PH_ASSIGN(const Digest root, root_at(nodes, old.size));
    if (root != old.root) {
      return fork("what was published has another root at " + events_text(old.size));
    }
    done_.size_before = old.size;
    return {};
  }

  // Says whether a note that contradicts this ledger is by its own key.
  std::string signer_text(std::string_view note) const {
    const auto first = reader_.entry(0);
    EntryReader reader;
    const auto facts = first ? reader.read(*first, 0) : Error{Code::kCorrupt, ""};
    const bool ours = facts && (*facts)->keys && (*facts)->keys->log &&
                      check_note(note, *(*facts)->keys->log) == NoteCheck::kGood;
    return ours ? "this ledger's key signed it" : "this ledger's key did not sign it";
  }

  // The state of the tree at the start of the first bundle that has to be written.
  Status resume() {
    const std::uint64_t start = done_.size_before - done_.size_before % tiles::kWidth;
    std::vector<Digest> frontier;
    for (unsigned height = 64; height-- > 0;) {
      if (((start >> height) & 1) == 0) continue;
      PH_ASSIGN(const Digest hash, node(height, (start >> height) - 1));
      frontier.push_back(hash);
    }
    range_ = CompactRange(start, std::move(frontier));
    for (unsigned level = 1; !tiles::level_of(level, start).empty(); ++level) {
      const tiles::Level held = tiles::level_of(level, start);
      Edge& edge = edge_at(level);
      edge.n = held.full;
      for (unsigned slot = 0; slot < held.partial; ++slot) {
        PH_ASSIGN(const Digest hash,
                  node(level * tiles::kHeight, held.full * tiles::kWidth + slot));
        append(edge.hashes, hash);
      }
    }
    edge_at(0).n = start / tiles::kWidth;
    return {};
  }

  Status write_new(const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    const Seq start = range_.size();
    Status status;
    PH_TRY(reader_.scan(start, size(), [&](Seq, const Bytes& entry) {
      status = add(entry);
      if (status.ok() && range_.size() % tiles::kWidth == 0 && progress) {
        progress(range_.size() - start, size() - start);
      }
      return status.ok();
    }));
    PH_TRY(std::move(status));
    if (range_.size() != size()) {
      return Error{Code::kCorrupt, "the ledger ends before its checkpoint",
                   "run 'phantom audit verify'"};
    }
    return {};
  }

  Status add(const Bytes& entry) {
    PH_CHECK(entry.size() <= kEntryBytesMax, "entry size");
    put_be16(bundle_, static_cast<std::uint16_t>(entry.size()));
    bundle_.insert(bundle_.end(), entry.begin(), entry.end());
    unsigned full_levels = 0;  // a leaf completes tiles of the lowest levels only
    range_.append(leaf_hash(entry), 0, [&](unsigned height, std::uint64_t, const Digest& hash) {
      if (height % tiles::kHeight != 0) return;
      const unsigned level = height / tiles::kHeight;
      Edge& edge = edge_at(level);
      append(edge.hashes, hash);
      if (edge.width() == tiles::kWidth) full_levels = level + 1;
    });
    for (unsigned level = 0; level < full_levels; ++level) {
      Edge& edge = edge_at(level);
      PH_TRY(write_edge(level));
      edge.hashes.clear();
      ++edge.n;
    }
    return {};
  }

  // What the size leaves open, unless it is there already.
  Status write_partials() {
    for (unsigned level = 0; level < edges_.size(); ++level) {
      const tiles::Level before = tiles::level_of(level, done_.size_before);
      const Edge& edge = edges_[level];
      if (edge.hashes.empty() || (before.full == edge.n && before.partial == edge.width()))
        continue;
      PH_TRY(write_edge(level));
    }
    return {};
  }

  Status write_edge(unsigned level) {
    const Edge& edge = edges_[level];
    if (level == 0) {
      PH_TRY(put({tiles::Kind::kEntries, 0, edge.n, edge.width()}, bundle_));
      bundle_.clear();
    }
    return put({tiles::Kind::kHashes, level, edge.n, edge.width()}, edge.hashes);
  }

  Status put(const tiles::Tile& tile, ByteView bytes) {
    PH_TRY(sink_.put(tiles::path_of(tile), bytes));
    ++done_.files;
    done_.bytes += bytes.size();
    return {};
  }

  // Partials whose full tile is served now. One more tile than this run filled, for a run that was
  // cut off right here.
  void remove_outgrown() {
    for (unsigned level = 0; !tiles::level_of(level, size()).empty(); ++level) {
      const std::uint64_t before = tiles::level_of(level, done_.size_before).full;
      const std::uint64_t now = tiles::level_of(level, size()).full;
      for (std::uint64_t n = before == 0 ? 0 : before - 1; n < now; ++n) {
        sink_.remove_partials(tiles::partials_path_of({tiles::Kind::kHashes, level, n}));
        if (level > 0) continue;
        sink_.remove_partials(tiles::partials_path_of({tiles::Kind::kEntries, 0, n}));
      }
    }
  }

  // The tile of a level that is not full yet.
  struct Edge {
    std::uint64_t n = 0;
    Bytes hashes;
    unsigned width() const { return static_cast<unsigned>(hashes.size() / sizeof(Digest)); }
  };

  Edge& edge_at(unsigned level) {
    if (edges_.size() <= level) edges_.resize(level + 1);
    return edges_[level];
  }

  static void append(Bytes& hashes, const Digest& hash) {
    hashes.insert(hashes.end(), hash.begin(), hash.end());
  }

  const LedgerReader& reader_;
  TileSink& sink_;
  Published done_;
  bool published_ = false;
  CompactRange range_;
  std::vector<Edge> edges_;
  Bytes bundle_;  // entries of the open tile of level 0
};

}  // namespace

Status check_copyable(const LedgerReader& reader, std::uint64_t published_size) {
  if (published_size / tiles::kWidth * tiles::kWidth >= reader.first_kept()) return {};
  return Error{Code::kDenied,
               "events before event " + std::to_string(reader.first_kept()) +
                   " were removed under a retention policy, so a new copy cannot be made",
               "a copy that was brought up to date before the removal can be gone on with; of the "
               "ledger itself, copy its directory while nothing writes"};
}

Result<Published> publish_tiles(
    const LedgerReader& reader, TileSink& sink,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
  return Publication(reader, sink).run(progress);
}

}  // namespace phantom
