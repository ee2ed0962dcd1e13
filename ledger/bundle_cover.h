#pragma once
// What a bundle has to hold so that a query's answer is known to be whole: its cover. Pure, and a
// function of the query alone, so that whoever made the bundle has no choice. docs/FORMAT.md
// section 15.
//
// A query that names one thing with a tag is covered by that tag's chain: each event says which one
// is before it. Any other is covered by the range: every event of the period. The boundaries are
// the newest event of the chain before the period and the first one after it; a query without an
// end ends at an audit.export_requested that asks for it.

#include "events/entry_filter.h"
#include "ledger/verify_report.h"

#include <optional>
#include <string>
#include <string_view>

namespace phantom {

struct Cover {
  std::string tag;  // of the chain; empty: the range
  friend bool operator==(const Cover&, const Cover&) = default;
};

// Of the session, else of the secret when it is given as project/name, else of the project, else of
// the actor when it is an id (s_ and 16 hex digits).
Cover cover_of(const EntryFilter& filter);

// Where an event stands in its cover: in a chain what its tag says; in the range the event before
// it and its own number plus one.
struct CoverLink {
  Seq prev_seq = 0;
  std::uint64_t count = 0;
};
// None when the event is not of the cover.
std::optional<CoverLink> cover_link(const Cover& cover, const schema::Entry& entry);

// Compares places as EntryFilter::matches does.
bool is_at_or_after(const schema::Entry& entry, const LogPoint& point);

// True for an audit.export_requested that asks for `query`.
bool closes_query(const schema::Entry& entry, std::string_view query);
// True for ledger.created and ledger.epoch_announced, which every bundle has.
bool is_key_event(const schema::Entry& entry);

// Holds a bundle's events to its query. One thread.
class CoverWalk {
 public:
  // `upper` is the event at the end of the period, as the manifest says.
  CoverWalk(const EntryFilter& filter, Cover cover, Seq upper);

  // Takes the events of the bundle in order. The failure is of the check "cover".
  std::optional<Failure> add(const schema::Entry& entry);
  std::optional<Failure> finish() const;

  // Whether the event taken last is one of the query's answer.
  bool matched() const { return matched_; }
  std::optional<Seq> lower() const;  // the boundary before the period, so far

 private:
  struct Last {
    Seq seq = 0;
    std::uint64_t count = 0;
    bool key = false;
  };
  std::string name(Seq seq) const;
  Failure failure(Seq seq, const std::string& why) const;
  std::optional<Failure> add_covered(const schema::Entry& entry, const CoverLink& link, bool key);

  const EntryFilter filter_;
  const Cover cover_;
  const Seq upper_;
  std::string query_;
  std::optional<Last> lower_;  // newest event of the cover before the period
  std::optional<Last> last_;   // newest event of the cover in it
  bool ended_ = false;
  bool matched_ = false;
};

}  // namespace phantom
