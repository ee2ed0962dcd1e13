#include "ledger/heartbeat.h"

#include "events/producers.h"
#include "schema/events_generated.h"

#include <algorithm>

namespace phantom {

Heartbeat::Heartbeat(Options options, Send send)
    : options_(std::move(options)), send_(std::move(send)) {}

void Heartbeat::send(Draft draft) const {
  draft.id = make_event_id(*options_.clock, *options_.random);
  draft.occurred_ns = options_.clock->wall_ns();
  draft.mono_ns = options_.clock->mono_ns();
  draft.boot_id = options_.clock->boot_id();
  send_(std::move(draft));
}

void Heartbeat::start() {
  if (options_.interval.count() <= 0) return;
  running_ = true;
  due_ns_ = options_.clock->mono_ns() + options_.interval.count();
  if (options_.announce == Announce::kWithFirstBeat) return;
  announced_ = true;
  send(recorder_started(options_.context, options_.recorder, options_.interval));
}

void Heartbeat::tick() {
  const std::int64_t now_ns = options_.clock->mono_ns();
  if (!running_ || now_ns < due_ns_) return;
  due_ns_ += options_.interval.count();
  if (due_ns_ <= now_ns) due_ns_ = now_ns + options_.interval.count();
  if (!announced_) {
    announced_ = true;
    send(recorder_started(options_.context, options_.recorder, options_.interval));
  }
  send(recorder_heartbeat(options_.context, options_.recorder, ++beats_));
}

void Heartbeat::stop() {
  if (running_ && announced_) {
    send(recorder_stopped(options_.context, options_.recorder, beats_));
  }
  running_ = false;
}

std::optional<std::chrono::nanoseconds> Heartbeat::until_due() const {
  if (!running_) return std::nullopt;
  return std::chrono::nanoseconds(std::max<std::int64_t>(0, due_ns_ - options_.clock->mono_ns()));
}

Draft recorder_started(const Context& context, const std::string& recorder,
                       std::chrono::nanoseconds interval) {
  Draft draft =
      make_draft<schema::RecorderStarted>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateRecorderStartedDirect(builder, recorder.c_str(),
                                                   static_cast<std::uint64_t>(interval.count()));
      });
  draft.tags.push_back(recorder_tag(recorder));
  return draft;
}

Draft recorder_heartbeat(const Context& context, const std::string& recorder, std::uint64_t beat) {
  Draft draft =
      make_draft<schema::RecorderHeartbeat>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateRecorderHeartbeatDirect(builder, recorder.c_str(), beat);
      });
  draft.tags.push_back(recorder_tag(recorder));
  return draft;
}

Draft recorder_stopped(const Context& context, const std::string& recorder, std::uint64_t beats) {
  Draft draft =
      make_draft<schema::RecorderStopped>(context, [&](flatbuffers::FlatBufferBuilder& builder) {
        return schema::CreateRecorderStoppedDirect(builder, recorder.c_str(), beats);
      });
  draft.tags.push_back(recorder_tag(recorder));
  return draft;
}

}  // namespace phantom
