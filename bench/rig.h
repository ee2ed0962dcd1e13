#pragma once
// What the ledger's benches share: realistic drafts, a ledger of their own, and a plain RocksDB
// beside it that does the same work without being a ledger.

#include "events/envelope.h"
#include "events/producers.h"
#include "events/random.h"
#include "events/tags.h"
#include "ledger/appender.h"
#include "ledger/checkpoint.h"
#include "schema/events_generated.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include "bench/bench_main.h"
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace phantom::bench {

using SteadyClock = std::chrono::steady_clock;

inline double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

inline Context bench_context(std::uint64_t session) {
  Context context;
  context.component = "proxy";
  context.actor_kind = ActorKind::Agent;
  char id[9];
  std::snprintf(id, sizeof id, "%08x", static_cast<unsigned>(session * 2'654'435'761));
  context.session = id;
  return context;
}

// An answer as the proxy records it, with the tags of session, project and secret; an entry of it
// has about 310 bytes. Sessions last 500 requests, three secrets take turns.
inline Draft request_draft(std::uint64_t number) {
  static const char* const kSecrets[] = {"secret:OPENAI", "secret:GITHUB", "secret:STRIPE"};
  const Context context = bench_context(number / 500);
  Draft draft =
      make_draft<schema::ProxyRequestCompleted>(context, [&](flatbuffers::FlatBufferBuilder& to) {
        schema::ProxyRequestCompletedBuilder completed(to);
        completed.add_request_id(number % 500);
        completed.add_http_status(number % 50 == 0 ? 429 : 200);
        completed.add_bytes_sent(400 + number * 7 % 900);
        completed.add_bytes_received(2'000 + number * 13 % 9'000);
        return completed.Finish();
      });
  draft.tags = {session_tag(context.session), "project:fedcba98", kSecrets[number % 3]};
  draft.occurred_ns = system_clock().wall_ns();
  draft.mono_ns = system_clock().mono_ns();
  return draft;
}

inline std::vector<Draft> request_drafts(std::uint64_t first, std::uint64_t count) {
  std::vector<Draft> drafts;
  drafts.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) drafts.push_back(request_draft(first + i));
  return drafts;
}

// Size of the ledger that a bench works on.
inline std::uint64_t events_wanted(std::uint64_t otherwise) {
  const char* text = std::getenv("PHANTOM_BENCH_EVENTS");
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// A ledger in a directory of its own.
class LedgerRig {
 public:
  explicit LedgerRig(const AppenderOptions& options = {}) : options_(options) {
    home_.root = dir_.path() / "home";
    const auto made = create_ledger(home_, bench_context(0), options_);
    need(made.ok(), made.ok() ? "" : made.error().message);
    auto key = parse_verifier_key(made->vkey);
    need(key.ok(), "the ledger's own key does not parse");
    key_ = *key;
    open();
  }

  void open() {
    auto appender = open_appender(home_, options_);
    need(appender.ok(), appender.ok() ? "" : appender.error().message);
    appender_ = *std::move(appender);
  }
  void close() {
    if (appender_) need(appender_->close().ok(), "close");
    appender_.reset();
  }
  void append_all(std::vector<Draft> drafts) {
    for (const auto& receipt : appender_->append_all(std::move(drafts))) {
      need(receipt.ok(), receipt.ok() ? "" : receipt.error().message);
    }
  }

  // In commits of 4,096.
  void fill(std::uint64_t events) {
    for (std::uint64_t done = 0; done < events; done += 4'096) {
      append_all(request_drafts(done, std::min<std::uint64_t>(4'096, events - done)));
    }
  }

  Appender& appender() { return *appender_; }
  const Home& home() const { return home_; }
  const VerifierKey& key() const { return key_; }
  const std::filesystem::path& directory() const { return dir_.path(); }

 private:
  ScratchDir dir_;
  AppenderOptions options_;
  Home home_;
  VerifierKey key_;
  std::unique_ptr<Appender> appender_;
};

// One key per value, synced per batch, RocksDB's own settings but for compression.
class PlainStore {
 public:
  explicit PlainStore(const std::filesystem::path& directory) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.compression = rocksdb::kNoCompression;
    rocksdb::DB* db = nullptr;
    const auto status = rocksdb::DB::Open(options, (directory / "plain").string(), &db);
    need(status.ok(), status.ToString());
    db_.reset(db);
  }

  void put(const std::vector<std::string>& values) {
    rocksdb::WriteBatch batch;
    for (const std::string& value : values) {
      char key[8];
      for (int i = 0; i < 8; ++i) key[i] = static_cast<char>(next_ >> (56 - 8 * i));
      ++next_;
      need(batch.Put(rocksdb::Slice(key, sizeof key), value).ok(), "plain put");
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    const auto status = db_->Write(options, &batch);
    need(status.ok(), status.ToString());
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::uint64_t next_ = 0;
};

// `count` values of the size of the benches' entries, each different.
inline std::vector<std::string> entry_sized_values(std::uint64_t count) {
  std::vector<std::string> values;
  Sequencing sequencing;
  sequencing.tag_links.resize(3);
  for (std::uint64_t i = 0; i < count; ++i) {
    Draft draft = request_draft(i);
    draft.id = make_event_id(system_clock(), system_random());
    sequencing.time_ns = draft.occurred_ns;
    sequencing.seq = 1'000'000 + i;
    const auto entry = encode_entry(draft, sequencing);
    need(entry.ok(), "an entry does not encode");
    values.emplace_back(as_text(*entry));
  }
  return values;
}

inline double percentile(std::vector<double> values, double part) {
  need(!values.empty(), "nothing was measured");
  const auto at = static_cast<std::size_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

inline std::uint64_t directory_bytes(const std::filesystem::path& directory) {
  std::uint64_t bytes = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
    if (file.is_regular_file()) bytes += file.file_size();
  }
  return bytes;
}

}  // namespace phantom::bench
