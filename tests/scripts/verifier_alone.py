#!/usr/bin/env python3
"""phantom-verify as a file and as a program: it has no store, no vault and no network in it, and
checks what is handed out of a ledger without home, environment, rights or network.

usage: PHANTOM_BIN=build/.../phantom verifier_alone.py      (phantom-verify lies beside it)
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from bare_run import Bare, readable

PHANTOM = pathlib.Path(os.environ["PHANTOM_BIN"]).resolve()
VERIFIER = PHANTOM.with_name("phantom-verify")

# Functions of the C library with which a program reaches another machine, loads code or starts one.
FORBIDDEN = {"socket", "connect", "bind", "listen", "accept", "accept4", "send", "sendto", "sendmsg",
             "recv", "recvfrom", "recvmsg", "socketpair", "getaddrinfo", "gethostbyname", "res_query",
             "dlopen", "execve", "execv", "execvp", "fork", "vfork", "posix_spawn", "system", "popen"}
# Code that has no business in it.
FOREIGN = re.compile(r"rocksdb::|boost::asio|boost::beast|phantom::(?:Vault|Proxy|StoreReader|"
                     r"open_appender|Environment::)|\bSSL_|\bEVP_")


def need(condition, text):
    if not condition:
        raise AssertionError(text)


def tool(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout


def check_file():
    imports = {line.split()[-1].split("@")[0] for line in tool("nm", "-D", "-u", VERIFIER).splitlines()}
    need("fopen" in imports or "open" in imports or "open64" in imports, f"imports: {imports}")
    need(not imports & FORBIDDEN, f"imports {imports & FORBIDDEN}")
    needed = set(re.findall(r"NEEDED.*\[(.+)\]", tool("readelf", "-d", VERIFIER)))
    need(needed <= {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"}, f"needs {needed}")
    symbols = tool("nm", "-C", VERIFIER).splitlines()
    if not any("phantom::" in line for line in symbols):
        return "stripped: symbols not looked at"
    foreign = [line for line in symbols if FOREIGN.search(line)]
    need(not foreign, "has in it: " + "; ".join(foreign[:5]))
    need(any(FOREIGN.search(line) for line in tool("nm", "-C", PHANTOM).splitlines()),
         "phantom itself has none of it either: the search finds nothing")
    return f"{len(imports)} imports, {len(symbols)} symbols"


def make(root):
    """A published log, a proof and a key, and nothing of the home that made them."""
    env = {"PATH": "/usr/bin:/bin", "PHANTOM_HOME": str(root / "home")}
    run = lambda *words: tool("env", "-i", *[f"{k}={v}" for k, v in env.items()], PHANTOM, *words)
    run("ledger", "init")
    run("audit", "show")
    out = root / "out"
    out.mkdir()
    (out / "key").write_text(json.loads(run("ledger", "info", "--json"))["vkey"])
    run("audit", "publish", out / "log")
    run("audit", "prove", "1", "-o", out / "proof", "--entry", out / "entry")
    run("ledger", "backup", out / "backup")
    (out / "empty").write_text("")
    readable(out)
    return out


def check_runs(bare, out):
    def verify(*words):
        done = bare.run([VERIFIER, *words], out)
        return done.returncode, done.stdout, done.stderr

    key = ("--key", "key")
    for subject in (("--tiles", "log"), ("--proof", "proof", "--entry", "entry"),
                    ("--backup", "backup")):
        code, text, err = verify(*subject, *key)
        need(code == 0 and text.startswith(f"VERIFIED {subject[1]}\n") and not err, f"{subject}: {text}{err}")
        code, text, err = verify(*subject, *key, "--json")
        need(code == 0 and json.loads(text)["rung"] == "L2", f"{subject}: {text}")
        code, text, _ = verify(*subject)
        need(code == 3 and text.startswith("INDETERMINATE"), f"{subject} without a key: {text}")
        code, _, err = verify(*subject, "--key", "empty")
        need(code == 2, f"{subject} with an empty key: {err}")
    for words, code, said in (
            ((), 2, "nothing to verify"),
            (("--ledger", "log", *key), 2, "phantom audit verify --ledger"),
            (("--tiles", "https://example.org", *key), 2, "phantom audit verify --tiles"),
            (("--tiles", "log", "--ca", "key", *key), 2, "--ca"),
            (("--tiles", "log", "--proof", "proof", "--entry", "entry"), 2, "give one"),
            (("--tiles", "log", "--deep", *key), 2, "--deep"),
            (("--tiles", "log", "--key", "nothing"), 3, "nothing")):
        got, text, err = verify(*words)
        need(got == code and said in err and not text, f"{words}: {got} {text}{err}")
    code, text, _ = verify("--version")
    need(code == 0 and re.fullmatch(r"phantom-verify \d+\.\d+\.\d+\n", text), text)
    code, text, _ = verify("--help")
    need(code == 0 and text.startswith("phantom-verify: ") and "--proof" in text, text)


def main():
    found = check_file()
    bare = Bare()
    with tempfile.TemporaryDirectory(prefix="phantom-alone-") as directory:
        root = pathlib.Path(directory)
        root.chmod(0o755)
        check_runs(bare, make(root))
    for text in bare.left_out():
        print(f"verifier_alone: this machine does not permit: {text}")
    print(f"verifier_alone: {found}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AssertionError as failed:
        print(f"verifier_alone: {failed}", file=sys.stderr)
        sys.exit(1)
