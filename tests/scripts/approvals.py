#!/usr/bin/env python3
"""Who may answer an agent's question: a person at a terminal of their own, and nobody else.

usage: PHANTOM_BIN=... approvals.py AGENT_CHILD

AGENT_CHILD (tests/cli/agent_child.cc) is the part of a tool server that asks and acts. The agent is a
process of its own that starts it; the person is a terminal that neither it nor this test is above.
"""

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECONDS_MAX = 60
PASSPHRASE = "correct horse example"
SECRET = "sk-proj-exampleNotARealKey0123456789abcdefABCDEF"


def on_terminal(command, dialogue, cwd, env):
    """Runs on a pseudo-terminal; returns exit code and what was on screen."""
    child, master = pty.fork()
    if child == 0:
        os.chdir(cwd)
        os.execve("/bin/sh", ["sh", "-c", command], env)
    output, searched, steps = b"", 0, list(dialogue)
    end = time.monotonic() + SECONDS_MAX
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.2)[0]:
            continue
        try:
            chunk = os.read(master, 4096)
        except OSError:
            break
        if not chunk:
            break
        output += chunk
        while steps and steps[0][0].encode() in output[searched:]:
            prompt, reply = steps.pop(0)
            searched = output.index(prompt.encode(), searched) + len(prompt)
            time.sleep(0.1)  # the prompt is on screen a moment before echo is off
            os.write(master, reply.encode() + b"\n")
    _, status = os.waitpid(child, 0)
    os.close(master)
    return os.waitstatus_to_exitcode(status), output.decode(errors="replace")


def person_main():
    """In a process that was let go of: a terminal, and the person at it."""
    task = json.load(sys.stdin)
    code, screen = on_terminal(task["command"], task["dialogue"], task["cwd"], task["env"])
    with os.fdopen(3, "w") as out:
        json.dump([code, screen], out)


class Stage:
    def __init__(self, binary, agent):
        self.agent = agent
        self.root = Path(tempfile.mkdtemp(prefix="phantom-approvals-"))
        self.project = self.root / "project"
        self.project.mkdir()
        (self.root / "user").mkdir()
        (self.root / "bin").mkdir()
        (self.root / "bin" / "phantom").symlink_to(binary)
        self.env = {
            "HOME": str(self.root / "user"),
            "PHANTOM_HOME": str(self.root / "home"),
            "PATH": f"{self.root / 'bin'}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
        }
        (self.project / ".env").write_text(f"OPENAI_API_KEY={SECRET}\n")
        self.run("phantom init", vault=True)
        text = (self.project / ".phantom.toml").read_text()
        self.id = re.search(r'project_id = "(.*)"', text).group(1)

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def run(self, command, vault=False, code=0, env=None):
        full = dict(self.env, **(env or {}))
        if vault:
            full["PHANTOM_VAULT_PASSPHRASE"] = PASSPHRASE
        done = subprocess.run(["sh", "-c", command], cwd=self.project, env=full, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS_MAX,
                              start_new_session=True)
        assert done.returncode == code, (command, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def server(self, *args, env=None):
        """The tool server, started by an agent that has a session of its own."""
        full = dict(self.env, PHANTOM_VAULT_PASSPHRASE=PASSPHRASE, **(env or {}))
        # The shell stays in between: it is the client.
        done = subprocess.run(["sh", "-c", '"$@"; exit $?', "client", self.agent, self.id, *args],
                              cwd=self.project, env=full, text=True, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=SECONDS_MAX, start_new_session=True)
        assert done.returncode == 0, (args, done.stdout, done.stderr)
        return done.stdout.strip()

    def ask(self, tool="phantom_remove_secret", arguments='{"name":"OPENAI_API_KEY"}',
            secrets=("OPENAI_API_KEY",), session="m1"):
        return self.server(session, "ask", tool, arguments, *secrets)

    def use(self, approval, tool="phantom_remove_secret", arguments='{"name":"OPENAI_API_KEY"}',
            secrets=("OPENAI_API_KEY",), session="m1"):
        return self.server(session, "use", approval, tool, arguments, *secrets)

    def person(self, command, dialogue=(), env=None):
        """A terminal of its own: nothing of this test or of the agent is above it."""
        task = {"command": command, "dialogue": list(dialogue), "cwd": str(self.project),
                "env": dict(self.env, **(env or {}))}
        read_end, write_end = os.pipe()
        task_file = self.root / "task.json"
        task_file.write_text(json.dumps(task))
        middle = os.fork()
        if middle == 0:
            os.setsid()
            if os.fork() != 0:
                os._exit(0)
            os.dup2(os.open(task_file, os.O_RDONLY), 0)
            if write_end != 3:
                os.dup2(write_end, 3)
            os.set_inheritable(3, True)
            os.execve(sys.executable, [sys.executable, __file__, "--person"], self.env)
        os.waitpid(middle, 0)
        os.close(write_end)
        with os.fdopen(read_end) as answer:
            return json.load(answer)

    def approve(self, approval, env=None):
        code, screen = self.person(f"phantom approve {approval}",
                                   [("to go on", approval[-4:]), ("assphrase", PASSPHRASE)], env)
        assert code == 0, screen
        return screen

    def events(self, name):
        text = self.run(f"phantom audit show --json --type {name}")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def expect_refused_person(self, code, screen, why):
        assert code == 77, (code, screen)
        assert why in screen, screen
        newest = self.events("approval.refused")[-1]
        assert newest["reason"] == "self-approval", newest


def a_person_sees_everything_and_says_yes(stage):
    approval = stage.ask(arguments='{"name":"OPENAI_API_KEY","why":"\u202e\u0007K\u0415Y\u200b"}')
    screen = stage.approve(approval)
    for wanted in ("phantom_remove_secret", '"OPENAI_API_KEY"', "\\u{202e}", "K\\u{0415}Y\\u{200b}",
                   "claude-code", "session", "within 9 min"):
        assert wanted.lower() in screen.lower(), (wanted, screen)
    assert "\u202e" not in screen and "\u0007" not in screen
    assert PASSPHRASE not in screen
    arguments = '{"name":"OPENAI_API_KEY","why":"\u202e\u0007K\u0415Y\u200b"}'
    assert stage.use(approval, arguments=arguments).startswith("used ")
    assert "was used already" in stage.use(approval, arguments=arguments)
    granted = stage.events("approval.granted")[-1]
    assert re.fullmatch("[0-9a-f]{64}", granted["payload"]["seal"]), granted
    requested = stage.events("mcp.tool.requested")[-1]
    assert int(requested["cause_seq"]) == int(granted["seq"]), requested
    refused = stage.events("approval.refused")[-1]
    assert refused["reason"] == "approval-used", refused


def what_does_not_fit_is_refused_and_recorded(stage):
    cases = [
        (dict(arguments='{"name":"OTHER"}'), "arguments-changed"),
        (dict(tool="phantom_rename"), "other-tool"),
        (dict(session="m2"), "other-session"),
        (dict(secrets=("OTHER",)), "arguments-changed"),
    ]
    approval = stage.ask(session="m1")
    stage.approve(approval)
    for change, reason in cases:
        assert stage.use(approval, **change).startswith("refused "), change
        assert stage.events("approval.refused")[-1]["reason"] == reason
    assert stage.use(approval).startswith("used ")


def no_is_no(stage):
    approval = stage.ask()
    code, screen = stage.person(f"phantom approve {approval}", [("to go on", "y")])
    assert code == 77 and "nothing was approved" in screen, screen
    stage.run(f"phantom deny {approval}")
    assert "was denied" in stage.use(approval)
    code, screen = stage.person(f"phantom approve {approval}")
    assert code == 77, screen


def a_wrong_passphrase_grants_nothing(stage):
    approval = stage.ask()
    code, screen = stage.person(f"phantom approve {approval}",
                                [("to go on", approval[-4:])] + [("assphrase", "wrong wrong")] * 3)
    assert code != 0, screen
    assert "waits for a person" in stage.use(approval)
    stage.run(f"phantom deny {approval}")


def the_passphrase_is_typed_and_never_taken_from_the_environment(stage):
    approval = stage.ask()
    stage.approve(approval, env={"PHANTOM_VAULT_PASSPHRASE": "not the passphrase"})
    assert stage.use(approval).startswith("used ")


def a_forged_grant_without_the_vault_is_worth_nothing(stage):
    approval = stage.ask()
    stage.server("m1", "forge", approval)
    assert "not made with the key of this vault" in stage.use(approval)
    assert stage.events("approval.refused")[-1]["reason"] == "bad-seal"
    stage.approve(approval)
    assert stage.use(approval).startswith("used ")


def an_agent_cannot_approve_itself(stage):
    approval = stage.ask()
    # Without a terminal.
    out = stage.run(f"phantom approve {approval}", vault=True, code=77)
    assert "only a person can answer" in out
    # With the agent's own variables, on a terminal.
    code, screen = stage.person(f"phantom approve {approval}", env={"CLAUDECODE": "1"})
    stage.expect_refused_person(code, screen, "claude-code runs this")
    # Inside a session.
    code, screen = stage.person(f"phantom exec -q -- phantom approve {approval}",
                                [("assphrase", PASSPHRASE)])
    stage.expect_refused_person(code, screen, "phantom exec")
    code, screen = stage.person(
        f"phantom exec -q -- env -u PHANTOM_PROXY_TOKEN -u PHANTOM_PROXY_PORT phantom approve {approval}",
        [("assphrase", PASSPHRASE)])
    stage.expect_refused_person(code, screen, "phantom exec")
    # The agent took the variables away, but they are still those of what started it.
    code, screen = stage.person(f"CLAUDECODE=1 sh -c 'env -u CLAUDECODE phantom approve {approval}; exit $?'")
    stage.expect_refused_person(code, screen, "started by claude-code")
    assert "waits for a person" in stage.use(approval)
    stage.run(f"phantom deny {approval}")


def a_terminal_the_agent_opened_is_no_terminal(stage):
    # One fake agent does it all: it starts the server, opens a terminal and answers there.
    fake = stage.root / "fake_agent.py"
    fake.write_text(
        "import json, os, subprocess, sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from approvals import on_terminal\n"
        "task = json.load(sys.stdin)\n"
        "asked = subprocess.run(task['ask'], env=task['env'], cwd=task['cwd'], capture_output=True,\n"
        "                       text=True, check=True).stdout.strip()\n"
        "code, screen = on_terminal(task['shell'] % asked, [('to go on', asked[-4:]),\n"
        "                           ('assphrase', task['env']['PHANTOM_VAULT_PASSPHRASE'])],\n"
        "                           task['cwd'], task['env'])\n"
        "print(json.dumps([asked, code, screen]))\n")
    # Let go of: the agent is not above it any more, but still holds the other end of the terminal.
    let_go = stage.root / "let_go.py"
    let_go.write_text(
        "import os, sys\n"
        "parent = os.getpid()\n"
        "if os.fork(): os._exit(0)\n"
        "while os.getppid() == parent: pass\n"
        "os.execvp('sh', ['sh', '-c', 'phantom approve %s; echo > %s' % (sys.argv[1], sys.argv[2])])\n")
    done_fifo = stage.root / "done"
    os.mkfifo(done_fifo)
    detach = f"{sys.executable} {let_go} %s {done_fifo}; read -r _ < {done_fifo}"
    for shell, session, why in (
            ("phantom approve %s", "f1", "this command was started by the program that asks"),
            ("setsid -w phantom approve %s", "f2", "this process has no terminal of its own"),
            (detach, "f3", "the program behind this terminal was started by the program that asks")):
        task = {"ask": [stage.agent, stage.id, session, "ask", "phantom_remove_secret",
                        '{"name":"OPENAI_API_KEY"}', "OPENAI_API_KEY"],
                "shell": shell, "cwd": str(stage.project),
                "env": dict(stage.env, PHANTOM_VAULT_PASSPHRASE=PASSPHRASE)}
        done = subprocess.run([sys.executable, str(fake)], input=json.dumps(task), text=True,
                              capture_output=True, timeout=SECONDS_MAX, start_new_session=True)
        assert done.returncode == 0, done.stderr
        asked, _, screen = json.loads(done.stdout)
        assert f"only a person can answer: {why}" in screen, (shell, screen)
        assert stage.events("approval.refused")[-1]["reason"] == "self-approval"
        assert "waits for a person" in stage.use(asked, session=session)
        stage.run(f"phantom deny {asked}")


def nothing_switches_approvals_off(stage):
    text = stage.run("phantom help --all") + stage.run("phantom approve --help")
    assert "SKIP_APPROVAL" not in text and "--yes" not in stage.run("phantom approve --help")
    options = re.findall(r"--[a-z-]+", stage.run("phantom approve --help"))
    assert set(options) <= {"--full", "--help"}, options
    approval = stage.ask()
    env = {"PHANTOM_MCP_SKIP_APPROVAL": "1", "PHANTOM_SKIP_APPROVAL": "1", "PHANTOM_APPROVE": approval,
           "PHANTOM_YES": "1", "PHANTOM_AUDIT": "best-effort"}
    assert "waits for a person" in stage.server(
        "m1", "use", approval, "phantom_remove_secret", '{"name":"OPENAI_API_KEY"}', "OPENAI_API_KEY",
        env=env)
    stage.run(f"phantom approve {approval}", vault=True, code=77, env=env)
    for flag in ("--yes", "--force", "-y", "--json", "--no-tty"):
        stage.run(f"phantom approve {flag} {approval}", vault=True, code=2)
    stage.run(f"yes | phantom approve {approval}", vault=True, code=77)
    stage.run(f"phantom deny {approval}")


def a_grant_in_advance_counts(stage):
    allow = "phantom approvals allow --tool phantom_sync --secret OPENAI_API_KEY --uses 2 --for 2h"
    stage.run(allow, vault=True, code=77)
    assert stage.events("approval.refused")[-1]["reason"] == "self-approval"
    code, screen = stage.person(allow, [("to go on", "phantom_sync"), ("assphrase", PASSPHRASE)])
    assert code == 0, screen
    grant = re.search(r"allowed as ([0-9a-z-]{14})", screen).group(1)
    call = dict(tool="phantom_sync", arguments="{}", session="m5")
    assert stage.use(grant, **call).startswith("used ")
    assert "used 1 of 2" in stage.run("phantom approvals")
    assert "is for other secrets" in stage.use(grant, secrets=("OTHER",), tool="phantom_sync",
                                               arguments="{}", session="m5")
    assert stage.use(grant, **call).startswith("used ")
    assert "was used already" in stage.use(grant, **call)
    code, screen = stage.person(allow, [("to go on", "phantom_sync"), ("assphrase", PASSPHRASE)])
    grant = re.search(r"allowed as ([0-9a-z-]{14})", screen).group(1)
    stage.run(f"phantom approvals revoke {grant}")
    assert "was revoked" in stage.use(grant, **call)


def the_list_has_a_stable_shape(stage):
    approval = stage.ask(session="m7")
    listed = json.loads(stage.run("phantom approvals --json"))
    assert listed["v"] == 1 and listed["project"] == stage.id
    (entry,) = [each for each in listed["approvals"] if each["id"] == approval]
    assert sorted(entry) == sorted(["id", "state", "kind", "tool", "arguments_sha256", "secrets", "hosts",
                                    "agent_tool", "session", "asked", "expires", "uses", "uses_max"])
    assert entry["state"] == "asked" and entry["kind"] == "once"
    assert approval in stage.run("phantom approvals")
    stage.run(f"phantom deny {approval}")
    assert json.loads(stage.run("phantom approvals --json"))["approvals"] == []
    states = {each["state"] for each in json.loads(stage.run("phantom approvals --all --json"))["approvals"]}
    assert {"denied", "used", "revoked"} <= states, states
    stage.run("phantom approve nonsense", code=65)
    stage.run("phantom deny 0123-4567-89ab", code=66)


def a_gate_can_ask_for_approvals(stage):
    gate = stage.project / "gates.toml"
    rule = '[[require]]\nname = "approved"\ntype = "mcp.tool.requested"\ncaused_by = "%s"\n'
    gate.write_text(rule % "approval.*")
    stage.run("phantom audit gate --policy gates.toml")
    gate.write_text(rule % "approval.grant.added")  # some were allowed by a single answer
    stage.run("phantom audit gate --policy gates.toml", code=4)


def through_the_tool_server_itself(stage):
    shown = stage.root / "shown"
    notify = stage.root / "bin" / "notify-send"
    notify.write_text(f'#!/bin/sh\necho "$*" >>{shown}\n')
    notify.chmod(0o755)
    env = dict(stage.env, PHANTOM_VAULT_PASSPHRASE=PASSPHRASE, DISPLAY=":0")
    # The client stays above the server, and has no terminal.
    server = subprocess.Popen(["sh", "-c", "phantom mcp serve; exit $?"], cwd=stage.project, env=env,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, start_new_session=True)
    number = 0

    def send(method, params):
        nonlocal number
        number += 1
        server.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": method,
                                       "params": params}) + "\n")
        server.stdin.flush()
        while True:
            answer = json.loads(server.stdout.readline())
            if answer.get("id") == number:
                return answer["result"]

    send("initialize", {"protocolVersion": "2025-06-18", "capabilities": {},
                        "clientInfo": {"name": "test", "version": "1"}})
    server.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
    call = {"name": "phantom_remove_secret", "arguments": {"name": "OPENAI_API_KEY"}}
    first = send("tools/call", call)["structuredContent"]
    assert first["status"] == "approval-required", first
    approval = first["approval"]
    assert send("tools/call", call)["structuredContent"]["approval"] == approval
    # One notice for one question, and no secret's name in it.
    assert shown.read_text() == ("--app-name=phantom An agent waits for your answer "
                                 f"phantom_remove_secret: phantom approve {approval}\n")
    screen = stage.approve(approval)
    assert "OPENAI_API_KEY" in screen
    call["arguments"]["approval"] = approval
    done = send("tools/call", call)
    assert not done.get("isError"), done
    again = send("tools/call", call)
    assert again.get("isError"), again
    server.stdin.close()
    assert server.wait(SECONDS_MAX) == 0, server.stderr.read()
    assert "OPENAI_API_KEY" not in stage.run("phantom list")


def the_record_is_whole_and_holds_no_value(stage):
    assert "VERIFIED" in stage.run("phantom audit verify")
    shown = stage.run("phantom audit show --json")
    assert SECRET not in shown and PASSPHRASE not in shown
    for event in stage.events("approval.asked"):
        assert "OTHER" not in json.dumps(event["payload"])


CASES = [
    a_person_sees_everything_and_says_yes,
    what_does_not_fit_is_refused_and_recorded,
    no_is_no,
    a_wrong_passphrase_grants_nothing,
    the_passphrase_is_typed_and_never_taken_from_the_environment,
    a_forged_grant_without_the_vault_is_worth_nothing,
    an_agent_cannot_approve_itself,
    a_terminal_the_agent_opened_is_no_terminal,
    nothing_switches_approvals_off,
    a_grant_in_advance_counts,
    the_list_has_a_stable_shape,
    a_gate_can_ask_for_approvals,
    through_the_tool_server_itself,
    the_record_is_whole_and_holds_no_value,
]


def main():
    if sys.argv[1:] == ["--person"]:
        person_main()
        return 0
    stage = Stage(str(Path(os.environ["PHANTOM_BIN"]).resolve()), str(Path(sys.argv[1]).resolve()))
    wanted = sys.argv[2:]
    try:
        for case in CASES:
            if wanted and case.__name__ not in wanted:
                continue
            start = time.monotonic()
            case(stage)
            print(f"ok {case.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
    finally:
        stage.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
