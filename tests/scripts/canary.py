#!/usr/bin/env python3
"""No command prints, stores or hands on a real value that it did not have to.

Every command of the program (as `phantom help --all` lists them) is run in a project whose vault holds canaries. After
each run its output, the environment and arguments of every process it started, and every file below home and project
that changed are searched for them: as they are, in base64, in hex and in URL form. The passphrase is a canary too.
A process that holds values and crashes must leave no core dump.

A command without a line in RUNS fails the test: add what it needs there, so that it does its work.

usage: PHANTOM_BIN=build/dev/phantom canary.py [--only WORDS]
"""

import argparse
import base64
import http.server
import os
import pathlib
import pty
import re
import resource
import secrets
import select
import shutil
import signal
import string
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

BIN = pathlib.Path(os.environ["PHANTOM_BIN"]).resolve()
SECONDS_MAX = 60
LETTERS = string.ascii_letters + string.digits
CORE = 32


def core():
    return "".join(secrets.choice(LETTERS) for _ in range(CORE))


# Each value has a core of letters and digits that every form of the value contains in its own form.
CORES = {name: core() for name in ("token", "password", "pem", "new", "later", "piped", "passphrase")}
VALUES = {
    "token": "sk-proj-" + CORES["token"],
    "password": 'p@ss "' + CORES["password"] + "+/%&",
    "pem": "-----BEGIN PRIVATE KEY-----\n" + CORES["pem"] + "\n-----END PRIVATE KEY-----",
    "new": "sk-proj-" + CORES["new"],
    "later": "sk-proj-" + CORES["later"],
    "piped": "value-" + CORES["piped"],
    "passphrase": "correct " + CORES["passphrase"] + " staple",
}


def forms(text):
    """The bytes a text may stand as, wherever in a longer one it begins."""
    raw = text.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), raw[::-1],
             "".join(f"%{byte:02X}" for byte in raw).encode(), "".join(f"%{byte:02x}" for byte in raw).encode(),
             urllib.parse.quote(text, safe="").encode(), raw.decode().encode("utf-16-le")}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw)
        # What is next to it decides the characters at its ends.
        encoded = encoded[(4 if offset else 0):-4]
        found |= {encoded, encoded.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


NEEDLES = {name: re.compile(b"|".join(re.escape(form) for form in sorted(forms(text)))) for name, text in CORES.items()}
ANY = re.compile(b"|".join(pattern.pattern for pattern in NEEDLES.values()))


def found_in(data, allowed=()):
    if not ANY.search(data):
        return []
    return sorted(name for name, pattern in NEEDLES.items() if name not in allowed and pattern.search(data))


class Step:
    """A command line for sh. `codes`: how it may end. `dialogue`: on a terminal of its own, what to wait for and what to
    type then. `shows`: the canary that a person at the terminal asked for, by name."""

    def __init__(self, line, codes=(0,), dialogue=None, shows=()):
        self.line, self.codes, self.dialogue, self.shows = line, codes, dialogue, shows


def stopped(line, ready):
    """A command that goes on until SIGTERM, stopped once it says that it is there."""
    return Step(f"{line} >out.txt 2>err.txt & pid=$!; i=0; until grep -q '{ready}' out.txt err.txt; do i=$((i+1)); "
                f"[ $i -lt 400 ] || exit 99; sleep 0.05; done; kill $pid; wait $pid; code=$?; cat out.txt err.txt; "
                f"[ $code = 143 ] || exit $code")


# Shows what it can see of itself, of who started it, and of what is around it.
SPY = ("sh -c 'tr \"\\0\" \"\\n\" </proc/self/environ; tr \"\\0\" \"\\n\" </proc/self/cmdline; "
       "tr \"\\0\" \"\\n\" </proc/$PPID/cmdline; env; ls -la; cat .env .phantom.toml'")

# A platform that has nothing and takes everything, in Railway's shape.
PLATFORM = """
import http.server, pathlib, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = b'{"data": {"variables": {"PULLED_KEY": "some-value-0"}, "variableUpsert": true}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
pathlib.Path(sys.argv[1]).write_text(str(server.server_port))
server.serve_forever()
"""


def with_platform(line):
    """A command line with a place for secrets in the configuration, which a person accepts."""
    table = ("\\n[[sync]]\\nplatform = \"railway\"\\nproject = \"p\"\\ntoken = \"PIPED_KEY\"\\n"
             "environments = { dev = \"e\" }\\napi = \"http://127.0.0.1:%s\"\\n")
    return Step(f"rm -f port; python3 {{platform}} port & server=$!; i=0; until [ -s port ]; do i=$((i+1)); "
                f"[ $i -lt 400 ] || exit 99; sleep 0.05; done; cp .phantom.toml kept.toml; "
                f"printf '{table}' $(cat port) >>.phantom.toml; phantom config accept && {line}; code=$?; "
                f"mv kept.toml .phantom.toml; kill $server; exit $code", dialogue=[("Type yes", "yes")])

# A client that calls tools which only look, and one that has to be allowed.
MCP_CALLS = "printf '%s\\n' " + " ".join("'" + line + "'" for line in [
    '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
    '"clientInfo":{"name":"c","version":"1"}}}'] + [
    '{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"%s","arguments":%s}}' % (number, name, arguments)
    for number, (name, arguments) in enumerate([
        ("phantom_list_secrets", "{}"), ("phantom_why", '{"name":"OPENAI_API_KEY"}'), ("phantom_check", '{"scope":"all"}'),
        ("phantom_doctor", "{}"), ("phantom_audit_show", '{"last":200}'), ("phantom_status", "{}"),
        ("phantom_expire_secret", '{"name":"OPENAI_API_KEY","when":"30d"}')], 1)])

# By command, in the order in which they are run. `{new}` and the like are files with the value in them.
RUNS = {
    "init": ["phantom init --dry-run", "phantom init --dry-run --json", "phantom init", "phantom init --json",
             "cp {plain} extra.env; phantom init --from extra.env"],
    "add": ["phantom add PIPED_KEY --stdin <{piped}", Step("phantom add PIPED_KEY", codes=(65, 77)),
            Step("phantom add TYPED_KEY", dialogue=[(":", "later")])],
    "service list": ["phantom service list", "phantom service list --json"],
    "service add": ["phantom service add echo --secret OPENAI_API_KEY --host 127.0.0.1:{port} --scheme http --header Authorization "
                    "--header-format 'Bearer {secret}' --base-url-env ECHO_BASE_URL --json"],
    "service set": ["phantom service set echo base_path /v1 --json"],
    "sessions": ["phantom sessions", "phantom sessions --json"],
    "setup": ["phantom setup --client claude --print", "phantom setup --client claude --json", "phantom setup --client claude --remove"],
    "config show": ["phantom config show --all", "phantom config show --json"],
    "config diff": [Step("phantom config diff", codes=(0, 1)), Step("phantom config diff --json", codes=(0, 1))],
    "config accept": [Step("phantom config accept", codes=(77,)), Step("phantom config accept", dialogue=[("Type yes", "yes")])],
    # The placeholder that is sent as a body comes back as it went.
    "exec": [f"phantom exec -- {SPY}", f"phantom exec --quiet -- {SPY}", Step("phantom exec -- nosuchprogram", codes=(127,)),
             "phantom exec -- sh -c 'curl -sSi --fail \"$ECHO_BASE_URL/v1/echo\" -d \"$OPENAI_API_KEY\"' | tee answer.txt"],
    "status": ["phantom status", "phantom status --json"],
    "list": ["phantom list", "phantom list --json"],
    "reveal": [Step("phantom reveal OPENAI_API_KEY", codes=(77,)),
               Step("phantom reveal OPENAI_API_KEY", dialogue=[("yes", "yes")], shows=("token",)),
               Step("phantom reveal OPENAI_API_KEY", codes=(77,), dialogue=[("yes", "no")])],
    "rotate": ["phantom rotate OPENAI_API_KEY --stdin --json <{new}", "phantom rotate --undo OPENAI_API_KEY",
               "phantom rotate --placeholder OPENAI_API_KEY --json", "phantom rotate --repair"],
    "rename": ["phantom rename PIPED_KEY PIPED2_KEY", "phantom rename PIPED2_KEY PIPED_KEY --json"],
    "expire": ["phantom expire PIPED_KEY 30d --json", "phantom expire PIPED_KEY now",
               "phantom exec -- true; phantom expire PIPED_KEY never"],
    "history": ["phantom history OPENAI_API_KEY", "phantom history OPENAI_API_KEY --json"],
    "why": ["phantom why OPENAI_API_KEY", "phantom why OPENAI_API_KEY --json"],
    "env": ["phantom env", Step("phantom env --check", codes=(0, 4)), "phantom env -o -"],
    "copy": ["phantom copy OPENAI_API_KEY --to . --to-env prod --json"],
    "export": ["phantom export -o out.age --passphrase-file {passphrase} --json"],
    "import": ["phantom import out.age --passphrase-file {passphrase} --dry-run --json",
               Step("phantom import out.age --passphrase-file {new}", codes=(65, 77)),
               "phantom import {plain} --from dotenv --replace --json"],
    "doctor": [Step("phantom doctor", codes=(0, 1)), Step("phantom doctor --json", codes=(0, 1)),
               Step("phantom doctor --fix", codes=(0, 1))],
    "vault status": ["phantom vault status --json"],
    "vault unlock": [Step("phantom vault unlock", codes=(0, 66, 74, 75, 77))],
    "vault lock": [Step("phantom vault lock", codes=(0, 66, 74, 75, 77))],
    "vault change-passphrase": [
        'PHANTOM_VAULT_NEW_PASSPHRASE="$PHANTOM_VAULT_PASSPHRASE" phantom vault change-passphrase --json'],
    "agent report": [Step("phantom agent report --json", codes=(0, 1, 3))],
    "agent doctor": [Step("phantom agent doctor --json", codes=(0, 1, 3))],
    "agent setup": [Step("phantom agent setup --dry-run", codes=(0, 1))],
    "approvals": ["phantom approvals", "phantom approvals --all --json"],
    "approve": [Step("phantom approve a_00000000", codes=(65, 66, 77))],
    "deny": [Step("phantom deny a_00000000", codes=(65, 66, 77))],
    "mcp serve": ["printf '%s\\n' '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"protocolVersion\":"
                  "\"2025-06-18\",\"capabilities\":{},\"clientInfo\":{\"name\":\"canary\",\"version\":\"1\"}}}' "
                  "'{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}' "
                  "'{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}' "
                  "'{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{\"name\":\"phantom_list\",\"arguments\":{}}}' "
                  "| phantom mcp serve"],
    "sessions": ["phantom sessions", "phantom sessions --json"],
    "setup": ["phantom setup --client claude --print", "phantom setup --client cursor --json",
              "phantom setup --client cursor --remove --json"],
    "sync": [Step("phantom sync --dry-run --json", codes=(0, 1, 65, 66, 75, 77))],
    "pull": [Step("phantom pull --dry-run --json", codes=(0, 1, 2, 65, 66, 75, 77))],
    "check": [Step("phantom check", codes=(0, 1)), Step("phantom check --all --json", codes=(0, 1)),
              Step("phantom check --all --format sarif", codes=(0, 1)), "phantom check --rules",
              Step("phantom check {plain}", codes=(1,)), "phantom check --install-hook && phantom check --remove-hook",
              Step("phantom check --agents", codes=(0, 1)), "phantom check --history"],
    "sync": [with_platform("phantom sync --dry-run && phantom sync && phantom sync --json --prune")],
    "pull": [with_platform("phantom pull --from railway && phantom pull --from railway --replace --json")],
    "watch": [Step("cp {plain} .env.local; phantom watch --once; code=$?; rm .env.local; exit $code", codes=(1,)),
              Step("cp {plain} .env.local; phantom watch --once --json; rm .env.local"), stopped("phantom watch", "watching")],
    "wrap": ["phantom wrap --dry-run", "phantom wrap --json"],
    "unwrap": ["phantom unwrap"],
    "audit show": ["phantom audit show --json", "phantom audit show --secret OPENAI_API_KEY"],
    "audit tail": [stopped("phantom audit tail --lines 500", "vault")],
    "audit verify": ["phantom audit verify --deep", "phantom audit verify --format json --format sarif -o v.sarif"],
    "audit gate": [Step("printf '%s\\n' '[[deny]]' 'name = \"x\"' 'exposure = \">= revealed\"' >gates.toml; "
                        "phantom audit gate --policy gates.toml", codes=(0, 3, 4))],
    "audit selftest": ["phantom audit selftest --mutate 5 --seed 1"],
    "audit prove": ["phantom audit prove 3 -o p.tlog-proof --entry p.entry"],
    "audit consistency": ["phantom audit consistency 2"],
    "audit publish": ["phantom audit publish tiles"],
    "audit export": [f"phantom audit export --format {name}" for name in (
        "jsonl", "csv", "cloudevents", "ocsf", "syslog", "cef", "otlp")] + [
        "phantom audit export --format sqlite -o e.db", "phantom audit export --format phx -o e.phx"],
    "audit uptime": ["phantom audit uptime"],
    "audit stats": ["phantom audit stats --json"],
    "audit report": [Step("phantom audit report --framework soc2 --html r.html --json r.json", codes=(0, 3))],
    "audit retention": ["phantom audit retention plan --keep 0s --json"],
    "audit hold": ["phantom audit hold add case-7 --secret OPENAI_API_KEY", "phantom audit hold list --json",
                   "phantom audit hold release case-7"],
    "audit head": ["phantom audit head", "phantom audit head --json"],
    "audit path": ["phantom audit path"],
    "audit anchor add": ["mkdir -p kept && phantom audit anchor add w directory $PWD/kept"],
    "audit anchor push": ["phantom audit anchor push"],
    "audit anchor list": ["phantom audit anchor list --json"],
    "audit anchor export": ["phantom audit anchor export w"],
    "audit anchor check": ["phantom audit anchor check --online"],
    "audit anchor remove": ["phantom audit anchor remove w"],
    "privacy list": ["phantom privacy list"],
    "privacy new-subject": ["phantom privacy list --json >subjects.json; phantom privacy new-subject --json"],
    "privacy erase": ["id=$(phantom privacy list | head -1 | cut -d' ' -f1); echo $id >id; "
                      "phantom privacy erase $id --yes $id --basis gdpr-17"],
    "privacy prove-erased": ["phantom privacy prove-erased $(cat id)"],
    "ledger init": [Step("phantom ledger init", codes=(73,))],
    "ledger info": ["phantom ledger info --entries --json"],
    "ledger serve": [stopped("phantom ledger serve", "serving")],
    "ledger rotate-key": ["phantom ledger rotate-key"],
    "ledger backup": ["phantom ledger backup copy"],
    "ledger restore": [Step("phantom ledger restore copy", codes=(73,))],
    "ledger repair": [Step("phantom ledger repair --yes", codes=(0, 1, 3))],
    "ledger upgrade": ["phantom ledger upgrade"],
    "ledger compact": ["phantom ledger compact"],
    "ledger seal-keys": ["phantom ledger seal-keys --with keyfile $HOME/key && export PHANTOM_LEDGER_KEY_FILE=$HOME/key && "
                         "phantom ledger seal-keys --remove"],
    "sessions": ["phantom sessions", "phantom sessions --json"],
    "setup": ["phantom setup --client claude --print", "phantom setup --client claude --json",
              "phantom setup --client claude --remove"],
    "mcp serve": [MCP_CALLS + " | phantom mcp serve"],
    "witness init": ["phantom witness init wit --name w.example"],
    "witness add-log": ["phantom witness add-log wit \"$(phantom ledger info --json | grep -o '\"vkey\":\"[^\"]*' | head -1 | cut -d'\"' -f4)\""],
    "witness list": ["phantom witness list wit --json"],
    "witness remove-log": ["phantom witness remove-log wit \"$(phantom audit head | head -1)\""],
    "witness serve": [stopped("phantom witness serve wit --listen 127.0.0.1:0", "http")],
    "completion": ["phantom completion bash"],
    "help": ["phantom help --all"],
    "version": ["phantom version --json"],
    "service set": ["phantom service set echo base_path /v2 --json"],
    "service remove": ["phantom service remove echo --json"],
    # Last: what is gone cannot leak any more.
    "remove": ["phantom remove TYPED_KEY --yes", Step("phantom remove CANARY_PASSWORD", dialogue=[("yes", "yes")])],
}

# Stand-ins for programs of others, which note down how they were started.
SHIM = """#!/bin/sh
{ tr '\\0' '\\n' </proc/self/environ; tr '\\0' '\\n' </proc/$$/cmdline; } >>"$0.log"
real={real}
[ -n "$real" ] && exec "$real" "$@"
cat >/dev/null
"""
SHIMMED = ("git", "xclip", "xsel", "wl-copy", "wl-paste", "notify-send", "curl", "openssl", "age", "ssh", "docker")


def commands():
    text = subprocess.run([BIN, "help", "--all"], capture_output=True, text=True, check=True, timeout=SECONDS_MAX).stdout
    found = []
    for line in re.findall(r"^usage: phantom (.*)$", text, re.MULTILINE):
        words = re.match(r"(?:[a-z][a-z-]*(?: |$))*", line)[0]
        # "usage: phantom audit COMMAND" is about a group of them.
        if words and not line[len(words):].startswith("COMMAND"):
            found.append(words.strip())
    if len(found) < 40:
        raise SystemExit(f"canary: only {len(found)} commands in the help: has its form changed?")
    return found


class Upstream(http.server.BaseHTTPRequestHandler):
    """A provider: gets the real key, and sends back the body of the request."""

    got = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.got.append(self.headers.get("Authorization", "").encode())
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Children:
    """Samples arguments and environment of everything a process starts, while it runs."""

    def __init__(self, pid):
        self.pid, self.seen, self.done = pid, [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def below(self, pid, under_phantom=False):
        """Processes below it, each with whether phantom is among those that started it."""
        try:
            under_phantom = under_phantom or os.path.samefile(f"/proc/{pid}/exe", BIN)
            for task in os.listdir(f"/proc/{pid}/task"):
                for child in pathlib.Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                    yield int(child), under_phantom
                    yield from self.below(int(child), under_phantom)
        except OSError:
            return

    def run(self):
        known = set()
        while not self.done.wait(0.01):
            for pid, under_phantom in self.below(self.pid):
                try:
                    arguments = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
                    if (pid, arguments) in known:
                        continue
                    known.add((pid, arguments))
                    is_phantom = os.path.samefile(f"/proc/{pid}/exe", BIN)
                    environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
                    self.seen.append((arguments, environment, is_phantom or not under_phantom))
                except OSError:
                    continue

    def stop(self):
        self.done.set()
        self.thread.join()
        return self.seen


class Project:
    def __init__(self, base):
        self.base = base
        self.home, self.root, self.bin = base / "home", base / "project", base / "bin"
        self.inputs = base / "inputs"
        for each in (self.home, self.root, self.bin, self.inputs):
            each.mkdir()
        (self.bin / "phantom").symlink_to(BIN)
        for name in SHIMMED:
            shim = self.bin / name
            shim.write_text(SHIM.replace("{real}", shutil.which(name) or ""))
            shim.chmod(0o755)
        for name, value in VALUES.items():
            (self.inputs / name).write_text(value)
            (self.inputs / name).chmod(0o600)
        (self.inputs / "platform.py").write_text(PLATFORM)
        (self.inputs / "plain.env").write_text(f"FRESH_API_KEY={VALUES['later']}\n")
        (self.root / ".env").write_text(
            f"OPENAI_API_KEY={VALUES['token']}\nCANARY_PASSWORD='{VALUES['password']}'\nCANARY_PEM=\"{VALUES['pem']}\"\n"
            "PORT=3000\n")
        (self.root / "package.json").write_text('{"scripts": {"dev": "next dev && true", "lint": "x"}}\n')
        self.environment = {
            "HOME": str(self.home), "PHANTOM_HOME": str(self.home / ".phantom"), "PATH": f"{self.bin}:/usr/bin:/bin",
            "PHANTOM_VAULT_PASSPHRASE": VALUES["passphrase"], "LANG": "C.UTF-8"}
        subprocess.run(["/usr/bin/git", "init", "-q"], cwd=self.root, check=True, env={"HOME": str(self.home)}, timeout=SECONDS_MAX)
        self.seen_files = {}
        self.upstream = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
        threading.Thread(target=self.upstream.serve_forever, daemon=True).start()

    def run(self, step):
        """Exit code, output, and what was seen of the processes it started."""
        line = step.line.replace("{plain}", str(self.inputs / "plain.env"))
        line = line.replace("{port}", str(self.upstream.server_port))
        line = line.replace("{platform}", str(self.inputs / "platform.py"))
        for name in VALUES:
            line = line.replace("{" + name + "}", str(self.inputs / name))
        if step.dialogue is not None:
            return self.on_terminal(line, step.dialogue)
        process = subprocess.Popen(["/bin/sh", "-c", line], cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
        children = Children(process.pid)
        try:
            output, _ = process.communicate(timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return -1, output + b"\n(took too long)", children.stop()
        return process.returncode, output, children.stop()

    def on_terminal(self, line, dialogue):
        child, master = pty.fork()
        if child == 0:
            os.chdir(self.root)
            os.execve("/bin/sh", ["sh", "-c", line], self.environment)
        children = Children(child)
        output, asked, end = b"", list(dialogue), time.monotonic() + SECONDS_MAX
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
            if asked and asked[0][0].encode() in output:
                reply = asked.pop(0)[1]
                # The prompt is on screen a moment before echo is off.
                time.sleep(0.1)
                os.write(master, VALUES.get(reply, reply).encode() + b"\n")
        else:
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        os.close(master)
        return os.waitstatus_to_exitcode(status), output, children.stop()

    def changed_files(self):
        for place in (self.home, self.root, self.bin):
            for folder, _, names in os.walk(place):
                for name in names:
                    path = pathlib.Path(folder, name)
                    try:
                        info = path.lstat()
                        stamp = (info.st_mtime_ns, info.st_size, info.st_ino)
                        if path.is_symlink() or not path.is_file() or self.seen_files.get(path) == stamp:
                            continue
                        self.seen_files[path] = stamp
                        yield path, path.read_bytes()
                    except OSError:
                        continue


def check_step(project, step, failures):
    code, output, children = project.run(step)
    if code not in step.codes:
        failures.append(f"ended with {code}, not {' or '.join(map(str, step.codes))}: {step.line}\n"
                        f"    {output[-600:].decode(errors='replace')}")
    for name in found_in(output, step.shows):
        failures.append(f"printed the canary '{name}': {step.line}")
    for arguments, environment, ours in children:
        # The passphrase is in the environment that phantom itself is started with, and no further.
        allowed = ("passphrase",) if ours else ()
        for name in found_in(arguments):
            failures.append(f"'{name}' among the arguments of {arguments[:60]!r}: {step.line}")
        for name in found_in(environment, allowed):
            failures.append(f"'{name}' in the environment of {arguments[:60]!r}: {step.line}")
    for path, data in project.changed_files():
        for name in found_in(data):
            failures.append(f"'{name}' is in {path.relative_to(project.base)} after: {step.line}")


def check_core_dumps(project):
    """A process with values in its memory that is killed as by a crash."""
    def limits():
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    place = project.base / "cores"
    place.mkdir()
    try:
        control = subprocess.Popen(["/bin/sleep", "60"], cwd=place, preexec_fn=limits)
    except (OSError, ValueError, subprocess.SubprocessError):
        return [], "no limits can be raised here"
    os.kill(control.pid, signal.SIGSEGV)
    _, status = os.waitpid(control.pid, 0)
    control.returncode = 0
    if not os.WCOREDUMP(status):
        return [], "this system dumps no cores"
    failures = []
    for words, ready in ((["exec", "--", "sh", "-c", "echo ready; exec sleep 60"], b"ready"), (["watch"], b"watching")):
        process = subprocess.Popen([str(BIN), *words], cwd=project.root, env=project.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=limits, start_new_session=True)
        text = b""
        while ready not in text:
            chunk = os.read(process.stdout.fileno(), 4096)
            if not chunk:
                break
            text += chunk
        if ready not in text:
            failures.append(f"phantom {words[0]} did not start: {text[-300:]!r}")
        os.kill(process.pid, signal.SIGSEGV)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = 0
        process.stdout.close()
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        if os.WCOREDUMP(status):
            failures.append(f"phantom {words[0]} left a core dump when it crashed")
    return failures, "none"


def check_itself():
    """What searches finds what it should."""
    for name, value in VALUES.items():
        raw = value.encode()
        for data in (raw, base64.b64encode(raw), base64.urlsafe_b64encode(b"x" + raw), base64.b64encode(b"xy" + raw + b"zz"),
                     raw.hex().encode(), raw.hex().upper().encode(), urllib.parse.quote(value, safe="").encode()):
            assert found_in(b"before " + data + b" after") == [name], (name, data)
    assert found_in(b"nothing here phm_ sk-proj-") == []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", help="one command, after init and add")
    only = parser.parse_args().only
    check_itself()
    failures = []
    known = commands()
    for name in known:
        if name not in RUNS:
            failures.append(f"there is no canary run for 'phantom {name}': add a line for it to RUNS in tests/scripts/canary.py")
    with tempfile.TemporaryDirectory() as place:
        project = Project(pathlib.Path(place).resolve())
        steps = 0
        for name, lines in RUNS.items():
            if name not in known or (only and name not in (only, "init", "add")):
                continue
            for line in lines:
                step = line if isinstance(line, Step) else Step(line)
                if name == "init" and step.line != "phantom init" and not project.seen_files:
                    # The dotenv file is plain up to here, and --dry-run leaves it so.
                    code, output, _ = project.run(step)
                    failures += [f"printed the canary '{each}': {step.line}" for each in found_in(output)]
                    failures += [f"ended with {code}: {step.line}"] if code not in step.codes else []
                else:
                    check_step(project, step, failures)
                steps += 1
            step = Step(f"phantom {name} --help")
            check_step(project, step, failures)
        project.upstream.shutdown()
        if not only and not any(NEEDLES["token"].search(got) for got in Upstream.got):
            failures.append("no request with the real key reached the upstream: exec did nothing")
        dumps, skipped = check_core_dumps(project)
        failures += dumps
    for failure in failures:
        print(failure)
    absent = [name for name in RUNS if name not in known]
    print(f"canary: {len(known)} commands, {steps} runs, {len(failures)} failures; core dumps not tried: {skipped}; "
          f"runs for commands that are not there: {', '.join(absent) or 'none'}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
