#pragma once
// A ledger served in this process, and callers that misbehave.

#include "events/envelope.h"
#include "ledger/layout.h"
#include "ledger/lease.h"
#include "ledger/server.h"
#include "ledger/submitter.h"
#include "ledger/writer.h"
#include "tests/support/ledger_home.h"

#include <gtest/gtest.h>

#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace phantom::test {

using std::chrono::milliseconds;
inline constexpr milliseconds kPatience{20'000};

struct ServedLedger {
  LedgerHome home;
  std::unique_ptr<Writer> writer;
  std::unique_ptr<SubmitServer> server;

  ServedLedger() {
    home.create();
    const LedgerFiles files{home.home().ledger()};
    auto lease = Lease::try_acquire(files.lock());
    PH_CHECK(lease.ok(), "lease");
    auto opened = Writer::open(home.home(), std::move(*lease), {});
    PH_CHECK(opened.ok(), "writer");
    writer = std::move(*opened);
    auto started = SubmitServer::start({{socket(), {}, true}}, *writer);
    PH_CHECK(started.ok(), "server");
    server = std::move(*started);
  }
  ~ServedLedger() { server->stop(); }

  std::filesystem::path socket() const { return LedgerFiles{home.home().ledger()}.socket(); }
  Submitter connect() const {
    auto submitter = Submitter::connect(socket(), kPatience);
    PH_CHECK(submitter.ok(), submitter.ok() ? "" : submitter.error().message.c_str());
    return std::move(*submitter);
  }
};

inline Bytes encoded_draft(std::uint64_t number) {
  Draft draft = note_draft(number, "session:abuse");
  draft.id = make_event_id(system_clock(), system_random());
  draft.occurred_ns = system_clock().wall_ns();
  return encode_draft(draft);
}

inline bool send_all(int fd, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (sent > 0) bytes = bytes.subspan(static_cast<std::size_t>(sent));
    pollfd polled{fd, POLLOUT, 0};
    if (!bytes.empty() && ::poll(&polled, 1, 20'000) != 1) return false;
  }
  return true;
}

// What arrives until nothing more does for `quiet_ms`, or the other end hangs up.
struct Heard {
  Bytes bytes;
  bool hung_up = false;
};
inline Heard listen_until_quiet(int fd, int quiet_ms) {
  Heard heard;
  for (;;) {
    pollfd polled{fd, POLLIN, 0};
    if (::poll(&polled, 1, quiet_ms) != 1) return heard;
    std::uint8_t chunk[4096];
    const ssize_t got = ::recv(fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) continue;
    heard.hung_up = got <= 0;
    if (heard.hung_up) return heard;
    heard.bytes.insert(heard.bytes.end(), chunk, chunk + got);
  }
}

}  // namespace phantom::test
