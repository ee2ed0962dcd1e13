#!/usr/bin/env python3
"""Exports are age files: Debian's age opens ours, and phantom imports what `age -p` wrote.

usage: PHANTOM_BIN=build/.../phantom secrets_export.py

Also: another project takes an export, with environments, end of time and its dotenv file's dead
placeholders; damaged and foreign files; no value in what is printed or recorded.
"""

import json
import os
import pathlib
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time

PHANTOM = str(pathlib.Path(os.environ["PHANTOM_BIN"]).resolve())
PASSPHRASE = "a passphrase for files"
VALUES = {"OPENAI_API_KEY": "sk-proj-exampleNotARealKey0123456789abcdefABCDEF",
          "prod/OPENAI_API_KEY": "sk-proj-exampleNotARealKeyOfProd6789abcdefABCDEF",
          "PRIVATE_KEY": "-----BEGIN EXAMPLE-----\nnot a real key \"é\"\n-----END EXAMPLE-----"}


def need(condition, text):
    if not condition:
        raise AssertionError(text)


class Project:
    def __init__(self, root, home):
        self.work = root
        root.mkdir()
        self.env = {"PATH": os.environ["PATH"], "PHANTOM_HOME": str(home),
                    "PHANTOM_VAULT_PASSPHRASE": "correct horse example",
                    "PHANTOM_EXPORT_PASSPHRASE": PASSPHRASE}
        self.run("init", "--empty")

    def run(self, *words, code=0, given="", **more):
        done = subprocess.run([PHANTOM, *words], env={**self.env, **more}, cwd=self.work, input=given,
                              text=True, capture_output=True, timeout=120)
        need(done.returncode == code, f"{words}: {done.returncode} {done.stderr}")
        for value in VALUES.values():
            need(value not in done.stdout + done.stderr, f"{words} shows a value")
        return done

    def add(self, name, value):
        environment, _, bare = name.rpartition("/")
        self.run("add", bare, "--stdin", "--env", environment or "dev", given=value)


def age(words, work):
    """Runs age on a terminal and types the passphrase at each question."""
    child, master = pty.fork()
    if child == 0:
        os.chdir(work)
        os.execvp("age", ["age", *words])
    shown, answered, until = b"", 0, time.monotonic() + 60
    while time.monotonic() < until:
        if not select.select([master], [], [], 0.1)[0]:
            continue
        try:
            piece = os.read(master, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if shown.count(b"assphrase") > answered and shown.rstrip().endswith(b":"):
            answered = shown.count(b"assphrase")
            os.write(master, PASSPHRASE.encode() + b"\n")
    os.close(master)
    _, status = os.waitpid(child, 0)
    need(os.waitstatus_to_exitcode(status) == 0, f"age {words}: {shown.decode()}")


def main():
    with tempfile.TemporaryDirectory(prefix="phantom-export-") as directory:
        root = pathlib.Path(directory)
        first = Project(root / "first", root / "home")
        for name, value in VALUES.items():
            first.add(name, value)
        first.run("add", "PRIVATE_KEY", "--stdin", "--expires", "90d", given=VALUES["PRIVATE_KEY"])
        done = first.run("export", "-o", "all.age", "--json")
        need(json.loads(done.stdout)["secrets"] == sorted(VALUES), done.stdout)
        file = first.work / "all.age"
        need(file.stat().st_mode & 0o777 == 0o600, "others can read the export")
        need(file.read_bytes().startswith(b"age-encryption.org/v1\n-> scrypt "), "not an age file")
        first.run("export", "-o", "all.age", code=73)
        first.run("export", "-o", "prod.age", "--env", "prod")
        first.run("export", "-o", "none.age", "--env", "staging", code=66)
        first.run("export", "-o", "short.age", code=65, PHANTOM_EXPORT_PASSPHRASE="short")
        need(not (first.work / "short.age").exists(), "a refused export left a file")

        # From a file that others can read no passphrase is taken.
        (first.work / "pass").write_text(PASSPHRASE + "\n")
        (first.work / "pass").chmod(0o644)
        first.run("export", "-o", "f.age", "--passphrase-file", "pass", code=77)
        (first.work / "pass").chmod(0o600)
        first.run("export", "-o", "f.age", "--passphrase-file", "pass", PHANTOM_EXPORT_PASSPHRASE="")

        # Another project, whose dotenv file has placeholders of elsewhere.
        second = Project(root / "second", root / "other-home")
        dead = subprocess.run(["grep", "-o", "phm_[0-9a-f]*", "-r", "."], cwd=first.work,
                              capture_output=True, text=True).stdout.split(":")[-1].strip()
        need(not dead, "a placeholder lies about")
        first.run("add", "OPENAI_API_KEY", "--stdin", "--dotenv", given=VALUES["OPENAI_API_KEY"])
        shutil.copy(first.work / ".env", second.work / ".env")
        before = (second.work / ".env").read_text()
        tried = second.run("import", "../first/all.age", "--dry-run", "--json")
        need(len(json.loads(tried.stdout)["added"]) == 3 and second.run("list").stdout == "", tried.stdout)
        done = second.run("import", "../first/all.age", "--json")
        report = json.loads(done.stdout)
        need(report["added"] == sorted(VALUES) and report["files"] == [".env"], done.stdout)
        after = (second.work / ".env").read_text()
        need(after != before and after.startswith("OPENAI_API_KEY=phm_"), after)
        listed = json.loads(second.run("list", "--all-envs", "--json").stdout)["secrets"]
        need([(s["name"], s["environment"]) for s in listed] ==
             [("OPENAI_API_KEY", "dev"), ("PRIVATE_KEY", "dev"), ("OPENAI_API_KEY", "prod")], listed)
        need([s["days_left"] for s in listed] == [None, 89, None], listed)

        # Again: the same. Another value: refused, and nothing of the rest is taken.
        done = second.run("import", "../first/all.age", "--json")
        need(json.loads(done.stdout)["unchanged"] == sorted(VALUES), done.stdout)
        second.run("add", "OPENAI_API_KEY", "--stdin", given="example-not-a-real-key-000")
        second.run("remove", "PRIVATE_KEY", "--yes")
        done = second.run("import", "../first/all.age", code=73)
        need("other values for OPENAI_API_KEY\n" in done.stderr, done.stderr)
        need(second.run("list").stdout == "OPENAI_API_KEY\n", "something was taken")
        done = second.run("import", "../first/all.age", "--replace", "--json")
        report = json.loads(done.stdout)
        need(report["replaced"] == ["OPENAI_API_KEY"] and report["added"] == ["PRIVATE_KEY"], report)
        need((second.work / ".env").read_text() == after, "a new value changed the placeholder")

        # What is wrong with a file.
        second.run("import", "../first/all.age", code=77, PHANTOM_EXPORT_PASSPHRASE="another passphrase")
        damaged = bytearray(file.read_bytes())
        damaged[-1] ^= 1
        (second.work / "damaged.age").write_bytes(damaged)
        second.run("import", "damaged.age", code=1)
        (second.work / "note").write_text("KEY=1\n")
        second.run("import", "note", code=65)
        second.run("import", "nosuch", code=66)

        if shutil.which("age"):
            age(["-d", "-o", "plain.json", "all.age"], first.work)
            content = json.loads((first.work / "plain.json").read_text())
            opened = {(s["name"] if s["environment"] == "dev" else f"{s['environment']}/{s['name']}"): s["value"]
                      for s in content["secrets"]}
            need(opened == VALUES, "age opens something else")
            age(["-p", "-o", "theirs.age", "plain.json"], first.work)
            third = Project(root / "third", root / "third-home")
            third.run("import", "../first/theirs.age")
            need(third.run("list", "--all-envs").stdout.split() == sorted(VALUES), "not all were imported")

        for project in (first, second):
            events = project.run("audit", "show", "--json").stdout
            need(PASSPHRASE not in events, "the passphrase is on record")
        events = first.run("audit", "show", "--type", "secret.export.completed", "--json").stdout
        need(events.count('"file_digest":"') == 3, events)
        first.run("audit", "verify")
    print("secrets_export: " + ("with age" if shutil.which("age") else "no age here"))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AssertionError as failed:
        print(f"secrets_export: {failed}", file=sys.stderr)
        sys.exit(1)
