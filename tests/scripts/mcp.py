#!/usr/bin/env python3
"""The MCP server over stdio, spoken to in raw messages: every tool in every revision, approvals by a
person at a terminal of their own, and attacks. tests/scripts/mcp_clients.js drives the same server
with the official clients.

usage: PHANTOM_BIN=... mcp.py
"""

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from approvals import PASSPHRASE, SECRET, Stage  # noqa: E402

SECONDS_MAX = 60
READ_TOOLS = {
    "phantom_status": {}, "phantom_check": {}, "phantom_config_show": {}, "phantom_config_diff": {},
    "phantom_doctor": {}, "phantom_approvals": {}, "phantom_service_list": {},
    "phantom_list_secrets": {"all_envs": True}, "phantom_why": {"name": "OPENAI_API_KEY"},
    "phantom_history": {"name": "OPENAI_API_KEY"},
    "phantom_audit_show": {"last": 5, "type": ["mcp.*"]}, "phantom_audit_verify": {},
    "phantom_audit_stats": {}, "phantom_audit_uptime": {}, "phantom_sessions": {"last": 5},
}
# Arguments, and whether the secret is in what the person is shown.
EFFECT_TOOLS = {
    "phantom_init": {}, "phantom_remove_secret": {"name": "OPENAI_API_KEY"},
    "phantom_rename_secret": {"name": "OPENAI_API_KEY", "new_name": "OTHER_KEY"},
    "phantom_rotate_placeholder": {"name": "OPENAI_API_KEY"},
    "phantom_expire_secret": {"name": "OPENAI_API_KEY", "when": "30d"},
    "phantom_copy_secret": {"name": "OPENAI_API_KEY", "to": ".", "as": "COPY_KEY"},
    "phantom_env_example": {}, "phantom_doctor_fix": {}, "phantom_wrap": {}, "phantom_unwrap": {},
    "phantom_service_add": {"name": "mine", "secret": "OPENAI_API_KEY", "host": "api.example.com"},
    "phantom_service_remove": {"name": "mine"}, "phantom_sync": {"platform": "vercel"},
    "phantom_pull": {"platform": "vercel"},
}
ADVICE_TOOLS = ("phantom_add_secret", "phantom_rotate_value")


class Server:
    """One server process, its client in between, as an agent starts it."""

    def __init__(self, stage, revision, forms=False):
        self.revision, self.forms, self.next_id, self.lines = revision, forms, 0, b""
        self.process = subprocess.Popen(
            ["sh", "-c", "phantom mcp serve; exit $?"], cwd=stage.project, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            env=dict(stage.env, PHANTOM_VAULT_PASSPHRASE=PASSPHRASE))
        if revision != "2026-07-28":
            answer = self.request("initialize", {
                "protocolVersion": revision, "capabilities": {},
                "clientInfo": {"name": "claude-code", "version": "1"}})
            assert answer["result"]["protocolVersion"] == revision, answer
            self.write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def write(self, message):
        self.write_bytes(json.dumps(message).encode() + b"\n")

    def write_bytes(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def read(self):
        end = time.monotonic() + SECONDS_MAX
        while b"\n" not in self.lines:
            assert time.monotonic() < end, "no answer"
            if select.select([self.process.stdout], [], [], 1)[0]:
                chunk = os.read(self.process.stdout.fileno(), 65536)
                assert chunk, ("the server ended", self.process.stderr.read())
                self.lines += chunk
        line, self.lines = self.lines.split(b"\n", 1)
        assert SECRET.encode() not in line, "a value in an answer"
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0", message
        return message

    def request(self, method, params=None):
        self.next_id += 1
        params = dict(params or {})
        if self.revision == "2026-07-28":
            params["_meta"] = {
                "io.modelcontextprotocol/protocolVersion": self.revision,
                "io.modelcontextprotocol/clientInfo": {"name": "cursor-vscode", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities":
                    {"elicitation": {"form": {}}} if self.forms else {}}
        self.write({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params})
        while True:
            message = self.read()
            if message.get("id") == self.next_id:
                return message
            assert "id" not in message, message

    def call(self, name, arguments, **more):
        return self.request("tools/call", {"name": name, "arguments": arguments, **more})["result"]

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(SECONDS_MAX) == 0, self.process.stderr.read()
        assert not self.process.stdout.read(), "something after the last answer"
        assert SECRET.encode() not in self.process.stderr.read()


def every_tool_answers_in_every_revision(stage):
    for revision in ("2025-06-18", "2025-11-25", "2026-07-28"):
        server = Server(stage, revision)
        listed = server.request("tools/list")["result"]
        assert ("ttlMs" in listed) == (revision == "2026-07-28"), listed
        names = {tool["name"] for tool in listed["tools"]}
        assert names == {*READ_TOOLS, *EFFECT_TOOLS, *ADVICE_TOOLS}, names
        for tool in listed["tools"]:
            properties = tool["inputSchema"]["properties"]
            assert tool["inputSchema"]["additionalProperties"] is False, tool
            assert not {"value", "secret_value", "token", "password"} & set(properties), tool
            assert tool["annotations"]["readOnlyHint"] == (tool["name"] in READ_TOOLS), tool
        for name, arguments in READ_TOOLS.items():
            result = server.call(name, arguments)
            assert not result["isError"], (name, result)
            assert result["structuredContent"]["v"] == 1, result
            assert json.loads(result["content"][0]["text"]) == result["structuredContent"]
        for name in ADVICE_TOOLS:
            result = server.call(name, {"name": "NEW_KEY"})
            assert result["structuredContent"]["status"] == "terminal-required", result
        server.close()


def effects_wait_for_a_person(stage):
    (stage.project / "package.json").write_text('{"scripts":{"dev":"node x.js"}}\n')
    server = Server(stage, "2025-11-25")
    for count, (name, arguments) in enumerate(EFFECT_TOOLS.items()):
        if count % 4 == 0 and count > 0:
            server.close()  # only so many questions of one session are open at a time
            server = Server(stage, "2025-11-25")
        before = len(stage.events("mcp.tool.requested"))
        content = server.call(name, arguments)["structuredContent"]
        assert content["status"] == "approval-required", (name, content)
        assert content["command"] == f"phantom approve {content['approval']}", content
        assert len(stage.events("mcp.tool.requested")) == before, name
        stage.run(f"phantom deny {content['approval']}")
    server.close()


def a_granted_call_is_done_once(stage):
    server = Server(stage, "2025-06-18")
    arguments = {"name": "OPENAI_API_KEY", "when": "30d"}
    approval = server.call("phantom_expire_secret", arguments)["structuredContent"]["approval"]
    again = server.call("phantom_expire_secret", {**arguments, "approval": approval})
    assert again["structuredContent"]["status"] == "approval-required", again
    screen = stage.approve(approval)
    assert "phantom_expire_secret" in screen and "30d" in screen, screen
    for name, changed, reason in (
            ("phantom_expire_secret", {**arguments, "when": "60d"}, "arguments-changed"),
            ("phantom_remove_secret", {"name": "OPENAI_API_KEY"}, "other-tool")):
        refused = server.call(name, {**changed, "approval": approval})
        assert refused["isError"], refused
        assert stage.events("approval.refused")[-1]["reason"] == reason
    other = Server(stage, "2025-06-18")
    refused = other.call("phantom_expire_secret", {**arguments, "approval": approval})
    assert refused["isError"] and stage.events("approval.refused")[-1]["reason"] == "other-session"
    other.close()
    done = server.call("phantom_expire_secret", {**arguments, "approval": approval})
    assert done["structuredContent"]["status"] == "done", done
    assert done["structuredContent"]["result"]["name"] == "OPENAI_API_KEY", done
    refused = server.call("phantom_expire_secret", {**arguments, "approval": approval})
    assert refused["isError"] and stage.events("approval.refused")[-1]["reason"] == "approval-used"
    server.close()
    requested = [each for each in stage.events("mcp.tool.requested")
                 if each["payload"]["approval"] == approval]
    assert len(requested) == 1, requested


def the_stateless_form_carries_the_approval(stage):
    server = Server(stage, "2026-07-28", forms=True)
    arguments = {"name": "OPENAI_API_KEY", "when": "never"}
    asked = server.call("phantom_expire_secret", arguments)
    assert asked["resultType"] == "input_required", asked
    form = asked["inputRequests"]["approval"]
    assert form["method"] == "elicitation/create" and "phantom approve" in form["params"]["message"]
    state = asked["requestState"]
    stage.approve(state.split(".")[0])
    answer = {"approval": {"action": "accept", "content": {"done": True}}}
    for bad, args in ((state[:-1] + ("0" if state[-1] != "0" else "1"), arguments),
                      (state, {**arguments, "when": "1d"})):
        refused = server.call("phantom_expire_secret", args, requestState=bad,
                              inputResponses=answer)
        assert refused["isError"], refused
        assert stage.events("mcp.tool.denied")[-1]["reason"] == "bad-seal"
    done = server.call("phantom_expire_secret", arguments, requestState=state, inputResponses=answer)
    assert done["structuredContent"]["status"] == "done", done
    asked = server.call("phantom_expire_secret", {**arguments, "when": "9d"})
    no = server.call("phantom_expire_secret", {**arguments, "when": "9d"},
                     requestState=asked["requestState"],
                     inputResponses={"approval": {"action": "decline"}})
    assert no["isError"] and "said no" in no["content"][0]["text"], no
    server.close()


def attacks_come_to_nothing(stage):
    server = Server(stage, "2025-11-25")
    # A value as an argument: neither done, nor echoed, nor on record.
    for arguments in ({"name": SECRET}, {"name": "A", "env": SECRET}, {SECRET: 1}):
        result = server.call("phantom_why", arguments)
        assert result["isError"], result
    assert SECRET not in stage.run("phantom audit show --json")
    # Words that look like options never become one.
    for name in ("--yes", "--help", "-y", "--", "A --yes", "../A", "A\nB", "A\u0000B"):
        assert server.call("phantom_why", {"name": name})["isError"], name
    for last in (0, 201, "1", 1.5, None, -1):
        assert server.call("phantom_audit_show", {"last": last})["isError"], last
    assert server.call("phantom_audit_show", {"session": "--json --ledger=/etc"})[
        "structuredContent"]["events"] == []
    unknown = server.request("tools/call", {"name": "phantom_reveal", "arguments": {}})
    assert unknown["error"]["code"] == -32602, unknown
    # A message within a text is a text; a line that is too long is refused as one line.
    smuggled = 'x\n{"jsonrpc":"2.0","id":77,"method":"ping"}'
    server.write({"jsonrpc": "2.0", "id": smuggled, "method": "ping"})
    assert server.read() == {"jsonrpc": "2.0", "id": smuggled, "result": {}}
    server.write_bytes(b'{"jsonrpc":"2.0","id":"' + b"i" * 3_000_000 + b'","method":"ping"}\n')
    assert server.read()["error"]["code"] == -32600
    for line, code in ((b"[]", -32600), (b"\xff\xfe", -32700), (b"[" * 900_000, -32600),
                       (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', -32700)):
        server.write_bytes(line + b"\n")
        assert server.read()["error"]["code"] == code, line[:20]
    # Cancelled: no answer, and the server goes on.
    server.write({"jsonrpc": "2.0", "id": "c", "method": "tools/call",
                  "params": {"name": "phantom_audit_verify", "arguments": {}}})
    server.write({"jsonrpc": "2.0", "method": "notifications/cancelled",
                  "params": {"requestId": "c"}})
    server.write({"jsonrpc": "2.0", "id": "p", "method": "ping"})
    assert server.read()["id"] == "p"
    server.close()
    cancelled = stage.events("mcp.tool.completed")[-1]
    assert cancelled["reason"] == "cancelled", cancelled


def everything_is_on_record(stage):
    server = Server(stage, "2025-11-25")
    server.call("phantom_status", {})
    server.close()
    connected = stage.events("mcp.connected")[-1]
    assert connected["payload"] == {"transport": "stdio", "protocol": "2025-11-25",
                                    "client": "claude-code"}, connected
    assert connected["agent_tool"] == "claude-code" and connected["actor_kind"] == "agent"
    gone = stage.events("mcp.disconnected")[-1]
    assert gone["session"] == connected["session"] and int(gone["payload"]["calls"]) == 1, gone
    requested = stage.events("mcp.tool.requested")[-1]
    completed = stage.events("mcp.tool.completed")[-1]
    assert int(completed["cause_seq"]) == int(requested["seq"]), completed
    assert requested["session"] == connected["session"]
    sessions = json.loads(stage.run("phantom sessions --json --last 1").splitlines()[0])["sessions"]
    assert sessions[0]["session"] == connected["session"] and sessions[0]["kind"] == "mcp", sessions


def what_cannot_be_recorded_is_not_done(stage):
    stage.env["PHANTOM_HOME"] = str(stage.root / "none")
    server = Server(stage, "2025-11-25")
    result = server.call("phantom_check", {})
    assert result["isError"] and "phantom init" in result["content"][0]["text"], result
    server.close()
    assert not (stage.root / "none").exists()
    stage.env["PHANTOM_HOME"] = str(stage.root / "home")


def setup_edits_settings_and_takes_it_back(stage):
    places = {
        "claude": (stage.project / ".mcp.json", '{ "mcpServers": {"other": {"command": "x"}} }'),
        "cursor": (stage.root / "user/.cursor/mcp.json", '{\n\t"mcpServers": {"o": {}}\n}\n'),
        "windsurf": (stage.root / "user/.codeium/windsurf/mcp_config.json", "{}"),
        "codex": (stage.root / "user/.codex/config.toml", 'model = "x"\n[mcp_servers.o]\ncommand = "y"'),
        "vscode": (stage.project / ".vscode/mcp.json", '{\r\n  // mine\r\n  "servers": {"o": {}},\r\n}\r\n'),
        "zed": (stage.root / "user/.config/zed/settings.json", '// top\n{"theme": "One", }\n'),
        "gemini": (stage.project / ".gemini/settings.json", '{"a":1}\n'),
        "opencode": (stage.project / "opencode.json", '{"$schema": "s", "mcp": {"o": {}}}\n'),
    }
    for client, (path, text) in places.items():
        new = json.loads(stage.run(f"phantom setup --client {client} --json").splitlines()[0])
        assert new["action"] == "added" and Path(new["file"]) == path, new
        assert os.path.realpath(stage.root / "bin/phantom") in path.read_text(), client
        again = stage.run(f"phantom setup --client {client} --json")
        assert '"unchanged"' in again, again
        stage.run(f"phantom setup --client {client} --remove")
        assert not path.exists(), (client, path.read_bytes())
        path.write_bytes(text.encode())
        stage.run(f"phantom setup --client {client}")
        assert path.read_bytes() != text.encode(), client
        stage.run(f"phantom setup --client {client} --remove")
        assert path.read_bytes() == text.encode(), (client, path.read_bytes())
        broken = "[[[" if client == "codex" else '{"mcpServers": ['
        if client != "codex":
            path.write_text(broken)
            stage.run(f"phantom setup --client {client}", code=65)
            assert path.read_text() == broken
        path.unlink()
        (stage.root / "elsewhere").write_text("{}")
        path.symlink_to(stage.root / "elsewhere")
        stage.run(f"phantom setup --client {client}", code=77)
        assert (stage.root / "elsewhere").read_text() == "{}"
        path.unlink()
    actions = {(each["payload"]["client"], each["payload"]["action"])
               for each in stage.events("client.configured")}
    assert {(c, a) for c in places for a in ("added", "removed")} <= actions, actions


def main():
    stage = Stage(os.path.realpath(os.environ["PHANTOM_BIN"]), "")
    try:
        for test in (every_tool_answers_in_every_revision, effects_wait_for_a_person,
                     a_granted_call_is_done_once, the_stateless_form_carries_the_approval,
                     attacks_come_to_nothing, everything_is_on_record,
                     what_cannot_be_recorded_is_not_done, setup_edits_settings_and_takes_it_back):
            start = time.monotonic()
            test(stage)
            print(f"{test.__name__.replace('_', ' ')}: {time.monotonic() - start:.1f} s")
    finally:
        stage.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
