#pragma once
// When somebody was there to record, as far as the record itself says. A pure fold over
// recorder.*, session.* and ledger.disk_low.
//
// A recorder is up from its start to its end. One that beats and is silent for more than twice its
// interval has a gap there: it may have been suspended, unable to record, or dead. One that neither
// beat nor stopped again is in a gap from its last sign on; a service until a service starts
// again, a session for twice its interval, since a session never comes back.

#include "events/payload.h"
#include "events/result.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace phantom {

enum class UpState {
  kUp,
  kDegraded,  // somebody recorded, while another recorder was silent or the disk was full
  kDown,      // nothing ran that records
  kUnknown    // a gap: a recorder had started and neither beat nor stopped
};
const char* up_state_name(UpState state);

struct UpInterval {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;
  UpState state = UpState::kDown;
  friend bool operator==(const UpInterval&, const UpInterval&) = default;
};

struct Uptime {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;
  std::vector<UpInterval> intervals;  // cover [from, to) without a gap, neighbours differ
  std::uint64_t recorders = 0;        // that were up at some time within
  std::uint64_t lost = 0;             // and neither stopped nor beat again

  std::int64_t total_ns(UpState state) const;
  // Of the whole, in hundredths of a percent, rounded down.
  std::uint64_t share(UpState state) const;
};

class UptimeFold {
 public:
  // Events before this time were removed. A recorder that is met without its start was there before
  // in a way nobody can tell any more: unknown from then to its first sign.
  void begin_at(std::int64_t time_ns) { begins_ns_ = time_ns; }
  // Events in order, from the first of the ledger that there is on. kLimit: more recorders than
  // memory is for.
  Status take(const schema::Entry& entry);
  // What [from, to) was like. `to` may be after the last event: a recorder that was there then is
  // taken to be there for two more intervals.
  Uptime finish(std::int64_t from_ns, std::int64_t to_ns) const;

 private:
  struct Live {
    bool service = false;
    std::int64_t born_ns = 0;
    std::int64_t since_ns = 0;  // born_ns, or the end of its last gap
    std::int64_t last_ns = 0;
    std::int64_t interval_ns = 0;  // 0: it does not beat
  };
  enum class What { kUp, kGap, kDiskFull };
  struct Span {
    std::int64_t from_ns;
    std::int64_t to_ns;
    What what;
    // Of the span that a recorder ends with.
    enum class End { kNot, kStopped, kLost } end = End::kNot;
    std::int64_t born_ns = 0;
  };

  void sign(Live& live, std::int64_t time_ns);
  void end(const std::string& key, std::int64_t time_ns);
  void meet(const std::string& key, std::int64_t time_ns);
  void start(const std::string& key, std::int64_t time_ns, bool service);
  void close_open(const Live& live, std::int64_t end_ns, std::vector<Span>& spans) const;

  std::map<std::string, Live> live_;
  std::vector<Span> spans_;
  std::optional<std::int64_t> disk_full_ns_;
  std::optional<std::int64_t> begins_ns_;
  std::int64_t newest_ns_ = 0;
  Payload payload_;
};

}  // namespace phantom
