// The part of an agent's tool server that asks and acts, for tests/scripts/approvals.py.
//   agent_child PROJECT SESSION ask TOOL ARGUMENTS [SECRET]...
//   agent_child PROJECT SESSION use ID TOOL ARGUMENTS [SECRET]...
//   agent_child PROJECT SESSION forge ID
// ask prints the id; use prints "used SEQ" or "refused MESSAGE"; forge records a grant as somebody
// who can append and cannot open the vault. The vault is opened as phantom does it.

#include "cli/asker.h"
#include "events/producers.h"
#include "schema/events_generated.h"
#include "vault/approval_desk.h"
#include "vault/approval_events.h"
#include "vault/vault.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace phantom {
namespace {

Draft tool_requested(const Context& context, const std::string& id,
                     const ApprovalRequest& request) {
  return make_draft<schema::McpToolRequested>(
      context, [&](flatbuffers::FlatBufferBuilder& builder) {
        const auto tool = builder.CreateString(request.tool);
        const Digest digest = arguments_digest(request.arguments);
        const auto arguments = builder.CreateVector(digest.data(), digest.size());
        const auto effect = builder.CreateString("effect");
        const auto approval = builder.CreateString(id);
        return schema::CreateMcpToolRequested(builder, tool, arguments, effect, approval);
      });
}

int fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 1;
}

int act(const std::vector<std::string>& args) {
  const auto home = resolve_home(std::getenv("PHANTOM_HOME"), std::getenv("HOME"));
  if (!home.ok()) return fail(home.error());
  auto appender = open_appender(*home, {});
  if (!appender.ok()) return fail(appender.error());
  auto reader = open_reader(home->ledger());
  if (!reader.ok()) return fail(reader.error());
  Context context;
  context.component = "cli";
  context.actor_kind = ActorKind::Agent;
  context.agent_tool = "claude-code";
  context.project = args[0];
  context.session = args[1];
  ApprovalDesk desk(**appender, **reader);
  const std::string& what = args[2];
  ApprovalRequest request;
  const std::size_t tool = what == "use" ? 4 : 3;
  if (what != "forge") {
    request.tool = args.at(tool);
    request.arguments = args.at(tool + 1);
    request.secret_names.assign(args.begin() + static_cast<std::ptrdiff_t>(tool) + 2, args.end());
  }
  if (what == "ask") {
    auto asker = read_asker();
    if (!asker.ok()) return fail(asker.error());
    request.asker = std::move(*asker);
    const auto asked = desk.ask(context, request);
    if (!asked.ok()) return fail(asked.error());
    std::printf("%s\n", asked->id.c_str());
  } else if (what == "use") {
    Unlocker unlocker(*home);
    VaultOptions options;
    options.home = *home;
    options.context = context;
    options.appender = appender->get();
    options.reader = reader->get();
    options.unlocker = &unlocker;
    auto vault = Vault::open(options);
    ApprovalSealer sealer;
    if (vault.ok()) {
      sealer = [&](std::string_view text) { return vault->approval_seal(text); };
    } else if (vault.error().code != Code::kNotFound) {
      return fail(vault.error());
    }
    const auto used = desk.use(context, args.at(3), request,
                               tool_requested(context, args.at(3), request), sealer);
    if (used.ok()) {
      std::printf("used %llu\n", static_cast<unsigned long long>(used->seq));
    } else {
      std::printf("refused %s\n", used.error().message.c_str());
    }
  } else if (what == "forge") {
    const auto approval = desk.look(args.at(3));
    if (!approval.ok() || !*approval) return 1;
    const std::int64_t expires_ns = system_clock().wall_ns() + kGrantNs;
    const auto forged =
        (*appender)->append(approval_granted(context, **approval, expires_ns, Bytes(32, 0x42)));
    if (!forged.ok()) return fail(forged.error());
  } else {
    return 2;
  }
  return (*appender)->close().ok() ? 0 : 1;
}

}  // namespace
}  // namespace phantom

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  return phantom::act(std::vector<std::string>(argv + 1, argv + argc));
}
