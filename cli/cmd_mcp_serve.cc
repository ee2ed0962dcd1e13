#include "cli/commands.h"
#include "cli/mcp_http_serve.h"
#include "cli/mcp_stdio.h"
#include "events/encoding.h"
#include "events/random.h"

#include <csignal>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace phantom {
namespace {

// Blocked before any thread starts, so that only the descriptor hears them.
Result<Fd> watch_for_stop() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Fd stop(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!stop.good()) return Error{Code::kIo, "signals cannot be watched"};
  return stop;
}

struct ServeArgs {
  bool http = false;
  std::string address;
  std::optional<std::string> token_file;
};

constexpr char kAddress[] = "127.0.0.1:0";
constexpr std::size_t kTokenBytes = 32;

// Only a file that holds a token, of this user, is replaced by another one.
Status check_replaceable(const std::filesystem::path& file) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0) return {};
  if (S_ISREG(info.st_mode) && info.st_uid == ::geteuid()) {
    const auto old = read_file(file, 2 * kTokenBytes + 1);
    if (old.ok() && old->size() == 2 * kTokenBytes + 1 && old->back() == '\n' &&
        from_hex({reinterpret_cast<const char*>(old->data()), 2 * kTokenBytes})) {
      return {};
    }
  }
  return Error{Code::kExists, file.string() + " is there and holds no token of this server",
               "name another file with --token-file"};
}

// The token in a file that its owner alone reads, as long as the server runs.
class TokenFile {
 public:
  static Result<TokenFile> write(std::filesystem::path file, const std::string& token) {
    PH_TRY(check_replaceable(file));
    std::string line = token + "\n";
    const Status written = write_file_durably(
        file, {reinterpret_cast<const std::uint8_t*>(line.data()), line.size()}, 0600);
    wipe(line);
    if (!written.ok()) return written.error();
    struct stat info {};
    TokenFile made;
    if (::lstat(file.c_str(), &info) == 0) made.inode_ = info.st_ino;
    made.file_ = std::move(file);
    return made;
  }
  TokenFile(TokenFile&& other) noexcept
      : file_(std::exchange(other.file_, {})), inode_(other.inode_) {}
  TokenFile& operator=(TokenFile&&) = delete;
  ~TokenFile() {
    // Another server may have put its own there.
    struct stat info {};
    if (file_.empty() || ::lstat(file_.c_str(), &info) != 0 || info.st_ino != inode_) return;
    ::unlink(file_.c_str());
  }
  const std::filesystem::path& file() const { return file_; }

 private:
  TokenFile() = default;
  std::filesystem::path file_;
  ino_t inode_ = 0;
};

Result<std::filesystem::path> token_path(Environment& environment, const ServeArgs& args,
                                         std::uint16_t port) {
  if (args.token_file) {
    PH_ASSIGN(const auto here, environment.working_directory());
    return here / *args.token_file;
  }
  PH_ASSIGN(const Home home, environment.home());
  std::error_code ignored;
  if (!std::filesystem::is_directory(home.root, ignored)) {
    return Error{Code::kNotFound, "there is no home for the token at " + home.root.string(),
                 "start one with: phantom init"};
  }
  PH_TRY(make_private_directory(home.root / "run"));
  return home.root / "run" / ("mcp-" + std::to_string(port) + ".token");
}

Status serve_http(Environment& environment, McpDesk& desk, const ServeArgs& args, const Fd& stop) {
  PH_ASSIGN(ListenAddress address,
            parse_listen_address(args.address.empty() ? kAddress : args.address));
  PH_ASSIGN(const McpListener listener, listen_mcp_http(std::move(address)));
  std::array<std::uint8_t, kTokenBytes> random{};
  system_random().fill(random);
  McpDoor door{listener.address.text(), to_hex(random)};
  wipe(random);
  PH_ASSIGN(const auto path, token_path(environment, args, listener.address.port));
  PH_ASSIGN(const TokenFile token, TokenFile::write(path, door.token));
  environment.out().note("serving http://" + door.address + kMcpPath + " until SIGTERM");
  environment.out().note("the token a client sends as Authorization: Bearer is in " +
                         token.file().string());
  const Status served = serve_mcp_http(desk, listener, door, stop);
  wipe(door.token);
  return served;
}

Result<int> serve(Environment& environment, const ServeArgs& args) {
  if (!args.http && (!args.address.empty() || args.token_file)) {
    return Error{Code::kInvalid, "an address and --token-file go with --http"};
  }
  McpChildEnvironment children;
  PH_ASSIGN(const Fd stop, watch_for_stop());
  if (!args.http && isatty(STDIN_FILENO) == 1) {
    environment.out().note("this speaks the Model Context Protocol with a program; Ctrl-D ends it");
    environment.out().hint("'phantom setup' tells your client how to start it");
  }
  McpDesk desk(environment, std::move(children));
  if (args.http) {
    PH_TRY(serve_http(environment, desk, args, stop));
  } else {
    PH_TRY(serve_mcp_stdio(desk, stop));
  }
  return kExitOk;
}

}  // namespace

Command mcp_serve_command() {
  const auto args = std::make_shared<ServeArgs>();
  Command command;
  command.words = {"mcp", "serve"};
  command.summary = "serve an agent the tools of phantom over the Model Context Protocol";
  command.description =
      "Speaks MCP on standard input and output, in the revisions 2025-06-18, 2025-11-25 and "
      "2026-07-28. The project is that of the current directory. No tool takes or returns the "
      "value of a secret; tools that change something wait for a person, who answers with phantom "
      "approve. Each call is recorded before it is done. Calls that need the vault use "
      "PHANTOM_VAULT_PASSPHRASE or the key file; there is no terminal to ask on. Ends at the end "
      "of input.\n\n"
      "With --http it speaks Streamable HTTP at /mcp of a loopback address until SIGTERM. Who "
      "calls "
      "it has to send the token that it writes, for its owner alone, to a file it names on "
      "standard error.";
  command.options = {
      {"http", "", "serve HTTP on this machine in place of standard input and output", &args->http},
      {"token-file", "FILE", "where to write the token; run/mcp-PORT.token of the home",
       &args->token_file}};
  command.positionals = {{"ADDRESS:PORT",
                          "with --http: a loopback address; 127.0.0.1:0, port 0 for a free one",
                          &args->address, Need::kOptional}};
  command.run = [args](Environment& environment) { return serve(environment, *args); };
  return command;
}

}  // namespace phantom
