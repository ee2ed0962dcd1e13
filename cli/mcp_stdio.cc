#include "cli/mcp_stdio.h"

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <list>
#include <map>
#include <thread>
#include <unistd.h>

namespace phantom {
namespace {

constexpr std::chrono::seconds kGrace{10};

class StdioServer {
 public:
  StdioServer(McpDesk& desk, const Fd& stop) : desk_(desk), stop_(stop), peer_(desk.infos()) {
    connection_.session = desk.new_session();
    connection_.transport = "stdio";
  }

  Status serve() {
    const Status read = read_lines();
    end_calls(read_to_end_ ? kGrace : std::chrono::seconds(0));
    desk_.disconnected(connection_);
    return read;
  }

 private:
  struct Running {
    Fd cancel;
    std::thread thread;
    bool done = false;
  };

  Status read_lines() {
    std::string line;
    bool too_long = false;
    char chunk[65'536];
    while (!broken_) {
      pollfd polled[] = {{STDIN_FILENO, POLLIN, 0}, {stop_.get(), POLLIN, 0}};
      if (::poll(polled, 2, -1) < 0 && errno != EINTR) return io_error("poll");
      if (polled[1].revents != 0) return {};
      if (polled[0].revents == 0) continue;
      const ssize_t got = ::read(STDIN_FILENO, chunk, sizeof chunk);
      if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (got < 0) return io_error("reading");
      if (got == 0) {
        read_to_end_ = true;
        return {};
      }
      std::string_view rest(chunk, static_cast<std::size_t>(got));
      while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        const std::string_view part = rest.substr(0, end);
        // Of a line that is too long only that it was is kept.
        too_long = too_long || line.size() + part.size() > kMcpMessageBytesMax;
        if (too_long) {
          line.clear();
        } else {
          line += part;
        }
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
        too_long ? send(mcp_error(nullptr, kMcpInvalidRequest, "the message is too long"))
                 : take(line);
        line.clear();
        too_long = false;
      }
      reap();
    }
    return {};
  }

  static Error io_error(const char* what) {
    return {Code::kIo, std::string(what) + ": " + std::strerror(errno)};
  }

  void take(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) return;
    McpStep step;
    {
      const std::lock_guard lock(mutex_);
      step = peer_.take(line);
    }
    if (step.connected) desk_.connected(connection_, *step.connected);
    for (const std::string& message : step.send) send(message);
    if (step.cancel) cancel(*step.cancel);
    if (step.call) start(std::move(*step.call));
  }

  void start(McpCall call) {
    auto event = make_event_fd();
    if (!event.ok()) {
      const std::lock_guard lock(mutex_);
      (void)peer_.finish(call.id);
      send(mcp_error(&call.id, kMcpInternalError, event.error().message));
      return;
    }
    const std::string key = to_json(call.id);
    const std::lock_guard lock(mutex_);
    Running& running = running_.emplace_back();
    running.cancel = std::move(*event);
    by_id_[key] = &running;
    running.thread = std::thread([this, &running, key, call = std::move(call)] {
      answer(call, running.cancel.get());
      const std::lock_guard done(mutex_);
      if (const auto found = by_id_.find(key); found != by_id_.end() && found->second == &running) {
        by_id_.erase(found);
      }
      running.done = true;
      ended_.notify_all();
    });
  }

  void answer(const McpCall& call, int cancel_fd) {
    std::uint64_t told = 0;
    McpProgress progress;
    if (call.progress_token) {
      progress = [&](std::uint64_t done, std::uint64_t total, const std::string& what) {
        const std::lock_guard lock(mutex_);
        if (done <= told || !peer_.in_flight(call.id)) return;
        told = done;
        send(mcp_progress(call, done, total, what));
      };
    }
    const McpResult result = desk_.call(call, connection_, {{cancel_fd, POLLIN, 0}}, progress);
    const std::lock_guard lock(mutex_);
    if (peer_.finish(call.id)) send(mcp_answer(call, result));
  }

  void cancel(const JsonValue& id) {
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(to_json(id));
    if (found != by_id_.end()) signal_event(found->second->cancel);
  }

  void send(const std::string& message) {
    const std::lock_guard lock(output_);
    const std::string line = message + "\n";
    for (std::size_t at = 0; at < line.size() && !broken_;) {
      const ssize_t wrote = ::write(STDOUT_FILENO, line.data() + at, line.size() - at);
      if (wrote > 0) at += static_cast<std::size_t>(wrote);
      if (wrote < 0 && errno != EINTR && errno != EAGAIN) broken_ = true;
    }
  }

  void reap() {
    std::list<Running> ended;
    {
      const std::lock_guard lock(mutex_);
      for (auto at = running_.begin(); at != running_.end();) {
        const auto next = std::next(at);
        if (at->done) ended.splice(ended.end(), running_, at);
        at = next;
      }
    }
    for (Running& each : ended) each.thread.join();
  }

  void end_calls(std::chrono::seconds grace) {
    const auto all_done = [this] {
      return std::all_of(running_.begin(), running_.end(),
                         [](const Running& each) { return each.done; });
    };
    {
      std::unique_lock lock(mutex_);
      ended_.wait_for(lock, grace, all_done);
      for (const Running& each : running_) signal_event(each.cancel);
      ended_.wait(lock, all_done);
    }
    reap();
  }

  McpDesk& desk_;
  const Fd& stop_;
  McpConnectionState connection_;
  bool read_to_end_ = false;
  std::mutex mutex_;  // peer_, running_, by_id_
  McpPeer peer_;
  std::list<Running> running_;
  std::map<std::string, Running*> by_id_;
  std::condition_variable ended_;
  std::mutex output_;
  std::atomic<bool> broken_{false};  // nobody reads any more
};

}  // namespace

Status serve_mcp_stdio(McpDesk& desk, const Fd& stop) { return StdioServer(desk, stop).serve(); }

}  // namespace phantom
