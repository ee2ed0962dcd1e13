#include "cli/uptime.h"

#include "events/catalog.h"
#include "events/encoding.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {
namespace {

// 32 bytes each.
constexpr std::size_t kSpansMax = 2'000'000;
constexpr std::int64_t kTimeMaxNs = std::int64_t{1} << 62;
constexpr std::int64_t kDefaultIntervalNs = 60'000'000'000;

}  // namespace

const char* up_state_name(UpState state) {
  static const char* const kNames[] = {"up", "degraded", "down", "unknown"};
  return kNames[static_cast<std::size_t>(state)];
}

std::int64_t Uptime::total_ns(UpState state) const {
  std::int64_t total = 0;
  for (const UpInterval& each : intervals) {
    if (each.state == state) total += each.to_ns - each.from_ns;
  }
  return total;
}

std::uint64_t Uptime::share(UpState state) const {
  // Milliseconds keep the product small: years of them times ten thousand fit.
  const std::int64_t whole = (to_ns - from_ns) / 1'000'000;
  if (whole <= 0) return 0;
  return static_cast<std::uint64_t>(total_ns(state) / 1'000'000 * 10'000 / whole);
}

void UptimeFold::sign(Live& live, std::int64_t time_ns) {
  if (live.interval_ns > 0 && time_ns - live.last_ns > 2 * live.interval_ns) {
    spans_.push_back({live.since_ns, live.last_ns, What::kUp});
    spans_.push_back({live.last_ns, time_ns, What::kGap});
    live.since_ns = time_ns;
  }
  live.last_ns = time_ns;
}

void UptimeFold::meet(const std::string& key, std::int64_t time_ns) {
  if (!begins_ns_ || live_.contains(key) || time_ns <= *begins_ns_) return;
  spans_.push_back({*begins_ns_, time_ns, What::kGap});
}

void UptimeFold::start(const std::string& key, std::int64_t time_ns, bool service) {
  const auto [at, fresh] = live_.try_emplace(key, Live{service, time_ns, time_ns, time_ns, 0});
  if (fresh) return;
  // A service took the place of one that never said that it stopped.
  Live& live = at->second;
  spans_.push_back({live.since_ns, live.last_ns, What::kUp, Span::End::kLost, live.born_ns});
  spans_.push_back({live.last_ns, time_ns, What::kGap});
  live = {service, time_ns, time_ns, time_ns, 0};
}

void UptimeFold::end(const std::string& key, std::int64_t time_ns) {
  const auto at = live_.find(key);
  if (at == live_.end()) return;
  sign(at->second, time_ns);
  spans_.push_back(
      {at->second.since_ns, time_ns, What::kUp, Span::End::kStopped, at->second.born_ns});
  live_.erase(at);
}

Status UptimeFold::take(const schema::Entry& entry) {
  const EventNo type = entry.type();
  // Times of a sound ledger rise. Those of one that nobody verified can be anything.
  newest_ns_ = std::max(newest_ns_, std::min(entry.time_ns(), kTimeMaxNs));
  const std::int64_t now = newest_ns_;
  const std::string session = entry.session() == nullptr ? "" : entry.session()->str();
  const auto close_disk_full = [&] {
    if (disk_full_ns_) spans_.push_back({*disk_full_ns_, now, What::kDiskFull});
    disk_full_ns_.reset();
  };
  if (type == event_no<schema::SessionStarted>()) {
    close_disk_full();
    start("session " + session, now, false);
  } else if (type == event_no<schema::SessionEnded>()) {
    meet("session " + session, now);
    end("session " + session, now);
  } else if (type == event_no<schema::LedgerDiskLow>()) {
    if (!disk_full_ns_) disk_full_ns_ = now;
  } else if (type == event_no<schema::RecorderStarted>() ||
             type == event_no<schema::RecorderHeartbeat>() ||
             type == event_no<schema::RecorderStopped>()) {
    payload_.read(entry);
    const bool service = payload_.find("recorder") == "service";
    // The service speaks for itself, not through its socket: who submits cannot be it.
    if (service && entry.peer_uid()) return {};
    const std::string key = service ? "service" : "session " + session;
    if (type == event_no<schema::RecorderStarted>()) {
      close_disk_full();
      if (service) {
        start(key, now, true);
      } else {
        meet(key, now);  // its session began before it
      }
      Live& live = live_.try_emplace(key, Live{service, now, now, now, 0}).first->second;
      sign(live, now);
      const auto interval = parse_decimal(payload_.find("interval_ns").value_or(""));
      live.interval_ns = static_cast<std::int64_t>(
          std::min<std::uint64_t>(interval.value_or(0), 86'400'000'000'000));
    } else if (type == event_no<schema::RecorderHeartbeat>()) {
      close_disk_full();
      meet(key, now);
      sign(live_.try_emplace(key, Live{service, now, now, now, 0}).first->second, now);
    } else if (service) {
      meet(key, now);
      end(key, now);
    } else if (const auto at = live_.find(key); at != live_.end()) {
      // The session ends with its own event.
      sign(at->second, now);
    }
  } else {
    return {};
  }
  if (spans_.size() + live_.size() <= kSpansMax) return {};
  return Error{Code::kLimit, "the ledger has more than " + std::to_string(kSpansMax) +
                                 " stretches of recording, which is more than is kept in memory"};
}

void UptimeFold::close_open(const Live& live, std::int64_t end_ns, std::vector<Span>& spans) const {
  const std::int64_t bound_ns =
      live.last_ns + 2 * (live.interval_ns > 0 ? live.interval_ns : kDefaultIntervalNs);
  if (end_ns <= bound_ns) {
    spans.push_back({live.since_ns, end_ns, What::kUp, Span::End::kStopped, live.born_ns});
    return;
  }
  spans.push_back({live.since_ns, live.last_ns, What::kUp, Span::End::kLost, live.born_ns});
  spans.push_back({live.last_ns, live.service ? end_ns : bound_ns, What::kGap});
}

Uptime UptimeFold::finish(std::int64_t from_ns, std::int64_t to_ns) const {
  Uptime result;
  result.from_ns = from_ns;
  result.to_ns = std::max(from_ns, to_ns);
  std::vector<Span> spans = spans_;
  for (const auto& [key, live] : live_) close_open(live, result.to_ns, spans);
  if (disk_full_ns_) spans.push_back({*disk_full_ns_, result.to_ns, What::kDiskFull});

  // How many of each kind are there from each moment on.
  struct Step {
    std::int64_t at_ns;
    What what;
    int by;
  };
  std::vector<Step> steps;
  for (const Span& span : spans) {
    const std::int64_t from = std::max(span.from_ns, from_ns);
    const std::int64_t to = std::min(span.to_ns, result.to_ns);
    if (span.end != Span::End::kNot && span.born_ns < result.to_ns && span.to_ns >= from_ns) {
      ++result.recorders;
      result.lost += span.end == Span::End::kLost && span.to_ns < result.to_ns ? 1U : 0U;
    }
    if (from >= to) continue;
    steps.push_back({from, span.what, 1});
    steps.push_back({to, span.what, -1});
  }
  std::sort(steps.begin(), steps.end(),
            [](const Step& a, const Step& b) { return a.at_ns < b.at_ns; });

  int up = 0;
  int gaps = 0;
  int full = 0;
  std::int64_t reached = from_ns;
  const auto close_at = [&](std::int64_t at_ns) {
    if (at_ns <= reached) return;
    const UpState state = up > 0     ? (gaps + full > 0 ? UpState::kDegraded : UpState::kUp)
                          : gaps > 0 ? UpState::kUnknown
                                     : UpState::kDown;
    if (!result.intervals.empty() && result.intervals.back().state == state) {
      result.intervals.back().to_ns = at_ns;
    } else {
      result.intervals.push_back({reached, at_ns, state});
    }
    reached = at_ns;
  };
  for (const Step& step : steps) {
    close_at(step.at_ns);
    (step.what == What::kUp ? up : step.what == What::kGap ? gaps : full) += step.by;
  }
  close_at(result.to_ns);
  return result;
}

}  // namespace phantom
