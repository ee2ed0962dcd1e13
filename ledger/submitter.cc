#include "ledger/submitter.h"

#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>

namespace phantom {
namespace {

Error gone() { return {Code::kNotFound, "the ledger's writer went away"}; }

}  // namespace

Result<Submitter> Submitter::connect(const std::filesystem::path& socket,
                                     std::chrono::milliseconds wait_max) {
  PH_ASSIGN(Fd fd, connect_unix(socket));
  Submitter submitter(std::move(fd));
  const auto deadline = std::chrono::steady_clock::now() + wait_max;
  for (;;) {
    PH_ASSIGN(const auto frame, submitter.in_.next());
    if (frame) {
      PH_ASSIGN(submitter.origin_, wire::parse_hello(*frame));
      return submitter;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    pollfd polled{submitter.fd(), POLLIN, 0};
    if (left.count() <= 0 || ::poll(&polled, 1, static_cast<int>(left.count())) == 0) {
      return Error{Code::kBusy, "the process that holds the ledger does not answer",
                   "see 'phantom status' for its process id"};
    }
    std::uint8_t chunk[4'096];
    const ssize_t got = ::recv(submitter.fd(), chunk, sizeof chunk, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return gone();
    if (got > 0) submitter.in_.feed(ByteView(chunk, static_cast<std::size_t>(got)));
  }
}

Result<wire::Reply> Submitter::exchange(ByteView encoded_draft,
                                        std::chrono::milliseconds wait_max) {
  queue(encoded_draft);
  const auto deadline = std::chrono::steady_clock::now() + wait_max;
  for (;;) {
    PH_TRY(send_some());
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    const short events = wants_to_write() ? POLLIN | POLLOUT : POLLIN;
    pollfd polled{fd(), events, 0};
    if (left.count() <= 0 || ::poll(&polled, 1, static_cast<int>(left.count())) == 0) {
      return Error{Code::kBusy, "the process that holds the ledger does not answer"};
    }
    PH_ASSIGN(std::vector<wire::Reply> replies, receive_some());
    if (!replies.empty()) return std::move(replies.front());
  }
}

void Submitter::queue(ByteView encoded_draft) {
  const Bytes frame = wire::frame(encoded_draft);
  out_.insert(out_.end(), frame.begin(), frame.end());
}

Status Submitter::send_some() {
  if (out_.empty()) return {};
  const ssize_t sent = ::send(fd(), out_.data(), out_.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) return gone();
  if (sent > 0) out_.erase(out_.begin(), out_.begin() + sent);
  return {};
}

Result<std::vector<wire::Reply>> Submitter::receive_some() {
  std::vector<wire::Reply> replies;
  std::uint8_t chunk[64 * 1024];
  const ssize_t got = ::recv(fd(), chunk, sizeof chunk, 0);
  if (got == 0) return gone();
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return replies;
    return gone();
  }
  in_.feed(ByteView(chunk, static_cast<std::size_t>(got)));
  for (;;) {
    PH_ASSIGN(const auto frame, in_.next());
    if (!frame) return replies;
    PH_ASSIGN(wire::Reply reply, wire::parse_reply(*frame));
    replies.push_back(std::move(reply));
  }
}

}  // namespace phantom
