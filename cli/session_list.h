#pragma once
// Sessions, as the record tells of them: commands that ran under phantom exec, connections of MCP
// clients, and commands that were refused. A pure fold that reads backwards, so that the newest
// ones are there after a short stretch of a long log.

#include "events/payload.h"
#include "events/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace phantom {

struct SessionLine {
  std::string session;
  std::string kind;  // exec or mcp
  // clean, interrupted, refused, or open: no end was recorded, so that it goes on or ended in a
  // way nobody saw.
  std::string end = "open";
  std::string command;  // exec: base name; mcp: what the client calls itself
  std::string project;
  std::string actor_kind;
  std::string agent_tool;
  std::int64_t started_ns = 0;
  std::int64_t ended_ns = 0;  // 0: no end
  std::int64_t exit_code = 0;
  std::uint64_t requests = 0;  // exec: forwarded; mcp: calls
  std::uint64_t denied = 0;
  Seq seq = 0;  // of its first event
};

class SessionFold {
 public:
  // `project`: only its sessions; empty for all.
  explicit SessionFold(std::string project, std::size_t sessions_max)
      : project_(std::move(project)), sessions_max_(sessions_max) {}

  static bool wants(EventNo type);
  // Events from the newest to the oldest. kLimit: more sessions ended than memory is for, without
  // their starts having been met.
  Status take(const schema::Entry& entry);
  bool full() const { return found_.size() >= sessions_max_; }
  // Newest first.
  const std::vector<SessionLine>& sessions() const { return found_; }

 private:
  struct End {
    std::int64_t time_ns = 0;
    std::string end;
    std::int64_t exit_code = 0;
    std::uint64_t requests = 0;
    std::uint64_t denied = 0;
  };
  void add(const schema::Entry& entry, const char* kind);

  std::string project_;
  std::size_t sessions_max_;
  std::map<std::string, End> ends_;  // of sessions whose start is further back
  std::vector<SessionLine> found_;
  Payload payload_;
};

}  // namespace phantom
