#pragma once
// Does the calls of the MCP server: looks the tool up, holds its arguments to the schema, has a
// person asked where one is needed, records, runs the command as a child and makes its answer a
// result.
//
//   refused:            mcp.tool.denied
//   nothing to approve: mcp.tool.requested is durable, then the child runs, mcp.tool.completed
//   effect:             the append of mcp.tool.requested uses the approval up; then the same
//
// A call that cannot be recorded is not done.

#include "cli/environment.h"
#include "cli/mcp_tool.h"
#include "proxy/mcp_state.h"
#include "proxy/token_buckets.h"
#include "vault/approval.h"
#include "vault/secret.h"

#include <atomic>
#include <mutex>
#include <poll.h>

namespace phantom {

// Environment of the children: this process's own, with the passphrases kept apart. Make it before
// anything else takes them.
class McpChildEnvironment {
 public:
  McpChildEnvironment();
  // For one child; the caller wipes it.
  std::vector<std::string> make() const;
  const SecretBytes& vault_passphrase() const { return kept_[0].value; }

 private:
  struct Kept {
    const char* name = nullptr;
    SecretBytes value;
  };
  std::vector<std::string> plain_;
  std::array<Kept, 2> kept_;
};

// One client, as the record knows it.
struct McpConnectionState {
  std::string session;
  std::string transport;
  McpClient client;
  std::atomic<std::uint64_t> calls{0};
  std::atomic<bool> recorded{false};
};

using McpProgress =
    std::function<void(std::uint64_t done, std::uint64_t total, const std::string& what)>;

// Safe from several threads; what concerns ledger and vault takes turns.
class McpDesk {
 public:
  McpDesk(Environment& environment, McpChildEnvironment child_environment);

  const std::vector<McpToolInfo>& infos() const { return infos_; }
  std::string new_session();

  void connected(McpConnectionState& connection, const McpStep::Connected& step);
  void disconnected(McpConnectionState& connection);

  // Ends early, with an error nobody needs to read, when one of `until` has one of its events.
  McpResult call(const McpCall& call, McpConnectionState& connection,
                 const std::vector<pollfd>& until, const McpProgress& progress);

 private:
  struct Work;  // one call on its way
  struct Refusal {
    Reason reason;
    Error error;
  };

  Context context(const McpConnectionState& connection, const std::string& client_name);
  Result<Receipt> append(const Draft& draft);
  McpResult refuse(const Work& work, Reason reason, Error error);
  std::optional<Refusal> examine(Work& work);
  Status name_secrets(Work& work);
  std::optional<McpResult> obtain_approval(Work& work);
  McpResult question(const Work& work, const Approval& approval);
  Result<ApprovalSealer> open_sealer(const Work& work);
  McpResult run(Work& work, const std::vector<pollfd>& until, const McpProgress& progress);

  Environment& environment_;
  const McpChildEnvironment child_environment_;
  const std::vector<McpTool> tools_;
  std::vector<McpToolInfo> infos_;
  McpStateKey state_key_{};
  std::mutex mutex_;  // environment_, and what is opened through it
  TokenBuckets calls_;
};

}  // namespace phantom
