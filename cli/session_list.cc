#include "cli/session_list.h"

#include "events/catalog.h"
#include "events/encoding.h"
#include "schema/events_generated.h"

#include <charconv>

namespace phantom {
namespace {

constexpr std::size_t kOpenEndsMax = 100'000;

std::string text_of(const flatbuffers::String* text) {
  return text != nullptr ? text->str() : std::string();
}

std::int64_t integer_of(const std::optional<std::string>& text) {
  std::int64_t number = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

bool is_end(EventNo type) {
  return type == event_no<schema::SessionEnded>() || type == event_no<schema::McpDisconnected>();
}

}  // namespace

bool SessionFold::wants(EventNo type) {
  return is_end(type) || type == event_no<schema::SessionStarted>() ||
         type == event_no<schema::SessionRefused>() || type == event_no<schema::McpConnected>();
}

void SessionFold::add(const schema::Entry& entry, const char* kind) {
  SessionLine line;
  line.session = text_of(entry.session());
  line.kind = kind;
  line.command = payload_.find("command").value_or(payload_.find("client").value_or(""));
  line.project = text_of(entry.project());
  line.actor_kind = schema::EnumNameActorKind(entry.actor_kind());
  for (char& c : line.actor_kind) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  line.agent_tool = text_of(entry.agent_tool());
  line.started_ns = entry.time_ns();
  line.seq = entry.seq();
  if (const auto found = ends_.find(line.session); found != ends_.end()) {
    line.ended_ns = found->second.time_ns;
    line.end = found->second.end;
    line.exit_code = found->second.exit_code;
    line.requests = found->second.requests;
    line.denied = found->second.denied;
    ends_.erase(found);
  }
  found_.push_back(std::move(line));
}

Status SessionFold::take(const schema::Entry& entry) {
  const EventNo type = entry.type();
  if (!wants(type) || full()) return {};
  if (!project_.empty() && text_of(entry.project()) != project_) return {};
  payload_.read(entry);
  if (is_end(type)) {
    if (ends_.size() >= kOpenEndsMax) {
      return Error{Code::kLimit, "too many sessions ended whose start is not there"};
    }
    End end;
    end.time_ns = entry.time_ns();
    end.end = payload_.find("end_kind").value_or("clean");
    end.exit_code = integer_of(payload_.find("exit_code"));
    const auto requests = payload_.find("requests");
    end.requests =
        static_cast<std::uint64_t>(integer_of(requests ? requests : payload_.find("calls")));
    end.denied = static_cast<std::uint64_t>(integer_of(payload_.find("denied")));
    ends_[text_of(entry.session())] = std::move(end);
    return {};
  }
  add(entry, type == event_no<schema::McpConnected>() ? "mcp" : "exec");
  if (type == event_no<schema::SessionRefused>()) {
    found_.back().end = "refused";
    found_.back().ended_ns = entry.time_ns();
  }
  return {};
}

}  // namespace phantom
