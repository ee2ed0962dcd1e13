#!/usr/bin/env python3
"""The MCP server over HTTP, spoken to in raw requests: the three revisions, everything it refuses,
cancelling by closing, and sessions kept apart. With a directory of the official client's packages it
is driven by that too.

usage: PHANTOM_BIN=... mcp_http.py [DIRECTORY]
"""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from approvals import PASSPHRASE, SECRET, Stage  # noqa: E402

SECONDS_MAX = 60
INITIALIZE = {"capabilities": {}, "clientInfo": {"name": "claude-code", "version": "1"}}


class Answer:
    def __init__(self, status, fields, body):
        self.status, self.fields, self.body = status, fields, body

    def json(self):
        return json.loads(self.body)

    def code(self):
        return self.json()["error"]["code"]

    def events(self):
        return [json.loads(line[6:]) for line in self.body.decode().splitlines()
                if line.startswith("data: ")]


class Server:
    def __init__(self, stage, *args):
        self.process = subprocess.Popen(
            ["phantom", "mcp", "serve", "--http", *args], cwd=stage.project, text=True,
            env=dict(stage.env, PHANTOM_VAULT_PASSPHRASE=PASSPHRASE), stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, executable=str(stage.root / "bin/phantom"))
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)/mcp", self.process.stderr.readline())[1])
        self.token_file = Path(re.search(r"is in (.*)$", self.process.stderr.readline())[1])
        self.token = self.token_file.read_text().strip()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), SECONDS_MAX)

    def raw(self, data, wire=None):
        own = wire is None
        wire = wire or self.connect()
        wire.sendall(data)
        answer = read_answer(wire)
        if own:
            wire.close()
        assert SECRET.encode() not in answer.body
        return answer

    def fields(self, **changed):
        fields = {"Host": f"127.0.0.1:{self.port}", "Authorization": f"Bearer {self.token}",
                  "Content-Type": "application/json",
                  "Accept": "application/json, text/event-stream"}
        fields.update({name.replace("_", "-"): value for name, value in changed.items()})
        return "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value is not None)

    def request(self, body, verb="POST", path="/mcp", **fields):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        length = f"Content-Length: {len(body)}\r\n" if verb == "POST" else ""
        return (f"{verb} {path} HTTP/1.1\r\n{self.fields(**fields)}{length}\r\n").encode() + body

    def post(self, body, wire=None, **fields):
        return self.raw(self.request(body, **fields), wire)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        rest = self.process.communicate(timeout=SECONDS_MAX)[1]
        assert self.process.returncode == 0, rest
        assert self.token not in rest
        assert not self.token_file.exists()


def read_answer(wire):
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = wire.recv(65536)
        assert chunk, ("closed", data)
        data += chunk
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode().split("\r\n")
    fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
    status = int(lines[0].split()[1])
    length = 0 if status == 204 else int(fields.get("content-length", 1 << 40))
    while len(body) < length:
        chunk = wire.recv(65536)
        if not chunk:
            assert length == 1 << 40, "cut short"
            break
        body += chunk
    return Answer(status, fields, body)


def message(method, params=None, id=1):
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}}


def call(name, arguments=None, **more):
    return message("tools/call", {"name": name, "arguments": arguments or {}, **more})


def stateless(body, version="2026-07-28", **meta):
    body["params"]["_meta"] = {
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientInfo": {"name": "cursor-vscode", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {}, **meta}
    return body


def begin(server, revision="2025-11-25"):
    answer = server.post(message("initialize", dict(INITIALIZE, protocolVersion=revision)))
    assert answer.status == 200, answer.body
    assert answer.json()["result"]["protocolVersion"] == revision
    session = answer.fields["mcp-session-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", session), session
    done = server.post({"jsonrpc": "2.0", "method": "notifications/initialized"},
                       Mcp_Session_Id=session, MCP_Protocol_Version=revision)
    assert done.status == 202 and not done.body, done.body
    return session


def the_token_is_its_owners(stage, server):
    mode = server.token_file.stat().st_mode
    assert stat.S_IMODE(mode) == 0o600, oct(mode)
    assert stat.S_IMODE(server.token_file.parent.stat().st_mode) == 0o700
    assert re.fullmatch(r"[0-9a-f]{64}", server.token)
    # A file of something else is left as it is.
    mine = stage.root / "mine"
    mine.write_text("mine\n")
    stage.run(f"phantom mcp serve --http --token-file {mine}", code=73)
    assert mine.read_text() == "mine\n"
    other = Server(stage, "--token-file", str(stage.root / "token"))
    assert other.token_file == stage.root / "token" and other.token != server.token
    other.stop()
    for address in ("0.0.0.0:0", "[::]:0", "192.0.2.1:80"):
        said = stage.run(f"phantom mcp serve --http '{address}'; test $? = 77")
        assert "this machine alone" in said, said
    stage.run("phantom mcp serve 127.0.0.1:0; test $? != 0")


def every_revision_has_its_way(stage, server):
    for revision in ("2025-06-18", "2025-11-25"):
        session = begin(server, revision)
        mine = {"Mcp_Session_Id": session, "MCP_Protocol_Version": revision}
        with server.connect() as wire:  # one connection, several requests
            assert server.post(message("ping"), wire, **mine).json()["result"] == {}
            assert len(server.post(message("tools/list"), wire, **mine).json()["result"]["tools"]) > 20
            result = server.post(call("phantom_status"), wire, **mine).json()["result"]
            assert result["structuredContent"]["v"] == 1, result
        # A stream when progress is wanted; its end is the answer.
        streamed = server.post(call("phantom_audit_verify", _meta={"progressToken": "p"}), **mine)
        assert streamed.fields["content-type"] == "text/event-stream", streamed.fields
        events = streamed.events()
        assert events[-1]["result"]["isError"] is False, events
        assert all(each["method"] == "notifications/progress" for each in events[:-1]), events
        assert server.post(message("nothing"), **mine).code() == -32601
        assert server.raw(server.request(b"", "DELETE", Mcp_Session_Id=session)).status == 204
        assert server.post(message("ping"), **mine).status == 404
        assert server.raw(server.request(b"", "DELETE", Mcp_Session_Id=session)).status == 404
    version = {"MCP_Protocol_Version": "2026-07-28"}
    found = server.post(stateless(message("server/discover")), Mcp_Method="server/discover", **version)
    assert "2026-07-28" in found.json()["result"]["supportedVersions"]
    assert "mcp-session-id" not in found.fields
    for name in ("phantom_status", "=?base64?cGhhbnRvbV9zdGF0dXM=?="):
        done = server.post(stateless(call("phantom_status")), Mcp_Method="tools/call", Mcp_Name=name,
                           **version)
        assert done.json()["result"]["structuredContent"]["v"] == 1, done.body
    streamed = server.post(stateless(call("phantom_audit_verify"), progressToken=1),
                           Mcp_Method="tools/call", Mcp_Name="phantom_audit_verify", **version)
    assert streamed.events()[-1]["result"]["resultType"] == "complete", streamed.body
    connected = [each["payload"] for each in stage.events("mcp.connected")][-3:]
    assert [each["protocol"] for each in connected] == ["2025-06-18", "2025-11-25", "2026-07-28"]
    assert {each["transport"] for each in connected} == {"http"}


def who_may_not_call_is_refused(stage, server):
    port = server.port
    before = len(stage.events("mcp.*"))
    ping = message("initialize", dict(INITIALIZE, protocolVersion="2025-11-25"))
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1:{port + 1}",
                 f"127.0.0.1.evil.example:{port}", "", None):
        assert server.post(ping, Host=host).status in (400, 403), host
    assert server.post(ping, Host=f"evil.example:{port}").status == 403
    for origin in ("null", "http://evil.example", f"http://evil.example:{port}", "http://127.0.0.1",
                   f"https://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}", ""):
        assert server.post(ping, Origin=origin).status == 403, origin
    # What a browser asks first; and no answer ever invites a page.
    asked = server.raw(server.request(b"", "OPTIONS", Origin="http://evil.example", Authorization=None))
    assert asked.status == 403 and not any(name.startswith("access-control") for name in asked.fields)
    for token in (None, "", "Bearer", "Bearer ", f"Basic {server.token}", "Bearer " + "0" * 64,
                  f"Bearer {server.token[:-1]}", f"Bearer {server.token}0"):
        refused = server.post(ping, Authorization=token)
        assert refused.status == 401 and refused.fields["www-authenticate"] == "Bearer", token
        assert server.token.encode() not in refused.body
    assert len(stage.events("mcp.*")) == before
    again = server.post(ping, Host=f"LocalHost:{port}", Origin=f"http://localhost:{port}")
    assert again.status == 200, again.body


def what_is_no_message_is_refused(stage, server):
    for verb, path, status in (("GET", "/mcp", 405), ("PUT", "/mcp", 405), ("POST", "/", 404),
                               ("POST", "/mcp?x", 404), ("DELETE", "/mcp", 400)):
        assert server.raw(server.request(b"", verb, path)).status == status, (verb, path)
    assert "POST" in server.raw(server.request(b"", "GET")).fields["allow"]
    for fields, status in (({"Content_Type": "text/plain"}, 415), ({"Content_Type": None}, 415),
                           ({"Accept": "application/json"}, 406), ({"Accept": None}, 406),
                           ({"Expect": "100-continue"}, 417), ({"X": "y" * 20_000}, 431)):
        assert server.post(message("ping"), **fields).status == status, fields
    head = server.fields()
    for more, status in (("Content-Length: 2000000\r\n", 413), ("Transfer-Encoding: chunked\r\n", 411),
                         ("Content-Length: 2\r\nContent-Length: 3\r\n", 400), ("", 411),
                         ("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", 400),
                         (f"Content-Length: 2\r\nHost: 127.0.0.1:{server.port}\r\n", 400),
                         ("Content-Length: 2\r\nOrigin: null\r\nOrigin: null\r\n", 400)):
        assert server.raw(f"POST /mcp HTTP/1.1\r\n{head}{more}\r\n".encode()).status == status, more
    assert server.raw(b"\x16\x03\x01\r\n\r\n").status == 400
    for body, code in ((b"[]", -32600), (b"{", -32700), (b"\xff", -32700), (b"[" * 1000, -32600)):
        answer = server.post(body)
        assert answer.status == 400 and answer.code() == code, (body[:9], answer.body)
    answer = server.post(message("ping"))
    assert answer.status == 400, answer.body
    answer = server.post(message("ping"), Mcp_Session_Id="0" * 32)
    assert answer.status == 404, answer.body
    session = begin(server)
    assert server.post(message("ping"), Mcp_Session_Id=session,
                       MCP_Protocol_Version="2025-06-18").status == 400
    answer = server.post(message("ping"), Mcp_Session_Id=session, MCP_Protocol_Version="1900-01-01")
    assert answer.status == 400 and answer.code() == -32022, answer.body


def headers_have_to_say_what_the_body_says(stage, server):
    good = {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": "tools/call",
            "Mcp_Name": "phantom_status"}
    for changed in ({"MCP_Protocol_Version": None}, {"MCP_Protocol_Version": "2025-11-25"},
                    {"Mcp_Method": None}, {"Mcp_Method": "tools/list"}, {"Mcp_Name": None},
                    {"Mcp_Method": "TOOLS/CALL"}, {"Mcp_Name": "phantom_why"},
                    {"Mcp_Name": "=?base64?!?="}):
        answer = server.post(stateless(call("phantom_status")), **{**good, **changed})
        assert answer.status == 400 and answer.code() == -32020, (changed, answer.body)
        assert answer.json()["id"] == 1
    answer = server.post(call("phantom_status"), **good)
    assert answer.status == 400 and answer.code() == -32020, answer.body
    answer = server.post(stateless(message("tools/list"), "2099-01-01"),
                         MCP_Protocol_Version="2099-01-01", Mcp_Method="tools/list")
    assert answer.status == 400 and answer.code() == -32022, answer.body
    assert "2026-07-28" in answer.json()["error"]["data"]["supported"]
    answer = server.post(stateless(message("nothing")), MCP_Protocol_Version="2026-07-28",
                         Mcp_Method="nothing")
    assert answer.status == 404 and answer.code() == -32601, answer.body


def who_closes_cancels(stage, server):
    session = begin(server)
    for body, fields in (
            (call("phantom_audit_verify"), {"Mcp_Session_Id": session}),
            (stateless(call("phantom_audit_verify"), progressToken=1),
             {"MCP_Protocol_Version": "2026-07-28", "Mcp_Method": "tools/call",
              "Mcp_Name": "phantom_audit_verify"})):
        before = len(stage.events("mcp.tool.completed"))
        wire = server.connect()
        wire.sendall(server.request(body, **fields))
        wire.close()
        end = time.monotonic() + SECONDS_MAX
        while len(stage.events("mcp.tool.completed")) == before:
            assert time.monotonic() < end
        assert stage.events("mcp.tool.completed")[-1]["reason"] == "cancelled"
    assert server.post(message("ping"), Mcp_Session_Id=session).status == 200
    # By a message, from another connection: no answer follows.
    with server.connect() as wire:
        wire.sendall(server.request(call("phantom_audit_verify", _meta={"progressToken": 1}),
                                    Mcp_Session_Id=session))
        data = wire.recv(65536)
        cancelled = server.post({"jsonrpc": "2.0", "method": "notifications/cancelled",
                                 "params": {"requestId": 1}}, Mcp_Session_Id=session)
        assert cancelled.status == 202, cancelled.body
        while chunk := wire.recv(65536):
            data += chunk
        if stage.events("mcp.tool.completed")[-1]["reason"] == "cancelled":
            assert b'"result"' not in data, data
    assert server.post(message("ping"), Mcp_Session_Id=session).status == 200


def subscribe(server):
    """A subscription stays open until the client goes or the server ends."""
    wire = server.connect()
    wire.sendall(server.request(
        stateless(message("subscriptions/listen", {"notifications": {}})),
        MCP_Protocol_Version="2026-07-28", Mcp_Method="subscriptions/listen"))
    data = b""
    while b"acknowledged" not in data:
        data += wire.recv(4096)
    return wire


def sessions_are_kept_apart(stage, server):
    one, two = begin(server), begin(server, "2025-06-18")
    assert one != two
    arguments = {"name": "OPENAI_API_KEY", "when": "30d"}
    asked = server.post(call("phantom_expire_secret", arguments), Mcp_Session_Id=one).json()
    approval = asked["result"]["structuredContent"]["approval"]
    stage.approve(approval)
    with_it = call("phantom_expire_secret", {**arguments, "approval": approval})
    refused = server.post(with_it, Mcp_Session_Id=two).json()
    assert refused["result"]["isError"], refused
    assert stage.events("approval.refused")[-1]["reason"] == "other-session"
    done = server.post(with_it, Mcp_Session_Id=one).json()
    assert done["result"]["structuredContent"]["status"] == "done", done
    # The end of one is not the end of the other, and each is on record by another name than its id.
    assert server.raw(server.request(b"", "DELETE", Mcp_Session_Id=one)).status == 204
    assert server.post(message("ping"), Mcp_Session_Id=one).status == 404
    assert server.post(message("ping"), Mcp_Session_Id=two).status == 200
    gone = stage.events("mcp.disconnected")[-1]
    assert int(gone["payload"]["calls"]) == 1, gone
    record = stage.run("phantom audit show --json --last 1000")
    assert one not in record and two not in record and server.token not in record
    many = [server.post(message("initialize", dict(INITIALIZE, protocolVersion="2025-11-25")))
            for _ in range(40)]
    assert many[-1].status == 503, many[-1].body
    assert server.post(message("ping"), Mcp_Session_Id=two).status == 200


def the_official_client_is_served(stage, server, packages):
    script = stage.root / "http.mjs"
    shutil.copy(Path(__file__).resolve().parent / "mcp_clients/http.mjs", script)
    (stage.root / "node_modules").symlink_to((packages / "node_modules").resolve())
    done = subprocess.run(["node", str(script), f"http://127.0.0.1:{server.port}/mcp"],
                          env=dict(stage.env, TOKEN=server.token, PATH=os.environ["PATH"]), text=True,
                          capture_output=True, timeout=SECONDS_MAX)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.stdout.write(done.stdout)


def main():
    packages = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    stage = Stage(os.path.realpath(os.environ["PHANTOM_BIN"]), "")
    server = Server(stage)
    try:
        for test in (the_token_is_its_owners, every_revision_has_its_way, who_may_not_call_is_refused,
                     what_is_no_message_is_refused, headers_have_to_say_what_the_body_says,
                     who_closes_cancels):
            start = time.monotonic()
            test(stage, server)
            print(f"{test.__name__.replace('_', ' ')}: {time.monotonic() - start:.1f} s", flush=True)
        if packages and (packages / "node_modules/@modelcontextprotocol").exists() and shutil.which("node"):
            the_official_client_is_served(stage, server, packages)
        else:
            print("the official client is not there; tools/install fetches it")
        sessions_are_kept_apart(stage, server)
        # The server ends with sessions, an idle connection and a subscription open, at once, and puts
        # the end of each session on record.
        subscribe(server).close()
        idle, subscribed = server.connect(), subscribe(server)
        start = time.monotonic()
        server.stop()
        assert time.monotonic() - start < 5
        last = b""
        while chunk := subscribed.recv(4096):
            last += chunk
        assert b'"resultType":"complete"' in last, last
        assert idle.recv(1) == b""
        idle.close()
        subscribed.close()
        assert len(stage.events("mcp.connected")) == len(stage.events("mcp.disconnected"))
    finally:
        if server.process.poll() is None:
            server.process.kill()
        stage.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
