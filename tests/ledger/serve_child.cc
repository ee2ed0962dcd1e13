// A ledger's service, for tests that run it under another user or end it.
//   serve_child HOME SOCKET [uid:N | gid:N]...
// Prints "ready" when it takes events; ends with 0 after SIGTERM, with 75 when the lease is taken.

#include "ledger/serve.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <sys/signalfd.h>

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const phantom::Fd stop(signalfd(-1, &signals, SFD_CLOEXEC));
  phantom::Door door;
  door.path = argv[2];
  for (int i = 3; i < argc; ++i) {
    const std::string_view word(argv[i]);
    auto& list = word.starts_with("uid:") ? door.admission.uids : door.admission.gids;
    list.push_back(static_cast<std::uint32_t>(std::strtoul(argv[i] + 4, nullptr, 10)));
  }
  phantom::ServeOptions options;
  options.door = door;
  options.ready = [] {
    std::printf("ready\n");
    std::fflush(stdout);
  };
  const phantom::Status served = phantom::serve_ledger({argv[1]}, options, stop.get());
  if (served.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", phantom::code_name(served.error().code),
               served.error().message.c_str());
  return served.error().code == phantom::Code::kBusy ? 75 : 1;
}
