#!/usr/bin/env python3
"""init over two dotenv files is all or nothing: a rename that fails, and a kill at each rename.

usage: PHANTOM_BIN=build/.../phantom init_crash.py

strace makes the renames of the dotenv files fail or kills the process there. docs/DECISIONS.md has
the table this follows; exit code 77 where there is no strace.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PHANTOM = str(pathlib.Path(os.environ["PHANTOM_BIN"]).resolve())
SECRETS = {".env": ("OPENAI_API_KEY", "sk-proj-exampleNotARealKey0123456789abcdefABCDEF"),
           ".env.local": ("GITHUB_TOKEN", "ghp_exampleNotARealToken")}


def need(condition, text):
    if not condition:
        raise AssertionError(text)


class Project:
    def __init__(self, root):
        self.root = root
        self.work = root / "work"
        self.work.mkdir(parents=True)
        self.env = {"PATH": os.environ["PATH"], "PHANTOM_HOME": str(root / "home"),
                    "PHANTOM_VAULT_PASSPHRASE": "correct horse example"}
        self.run("init", "--empty")
        for name, (key, value) in SECRETS.items():
            (self.work / name).write_text(f"# {name}\n{key}={value}\nPORT=3000\n")

    def run(self, *words, inject=()):
        tracer = ["strace", "-f", "-qq", "-o", str(self.root / "trace"), "-e", "trace=rename,flock"]
        for rule in inject:
            tracer += ["-e", f"inject={rule}"]
        return subprocess.run([*(tracer if inject else []), PHANTOM, *words], env=self.env,
                              cwd=self.work, text=True, capture_output=True, timeout=120)

    def counts(self):
        """Of the thread that replaces the dotenv files: renames before them, and locks in all."""
        self.run("init", inject=["rename:signal=SIGCONT:when=1000"])
        lines = [line.split(maxsplit=1) for line in (self.root / "trace").read_text().splitlines()]
        thread = next(pid for pid, call in lines if '/.env"' in call)
        mine = [call for pid, call in lines if pid == thread and call.startswith("rename(")]
        need('/.env.local"' in mine[-1] and '/.env"' in mine[-2], f"other renames: {mine}")
        return len(mine) - 2, sum(pid == thread and call.startswith("flock(") for pid, call in lines)

    def plain(self):
        """Files that hold a value in clear."""
        found = []
        for file in self.root.rglob("*"):
            if file.is_file() and file.name != 'trace' and any(v.encode() in file.read_bytes() for _, v in SECRETS.values()):
                found.append(str(file.relative_to(self.work) if file.is_relative_to(self.work) else file))
        return sorted(found)

    def names(self):
        return self.run("list").stdout.split()

    def finish(self):
        """The next run goes on from whatever is there."""
        done = self.run("init")
        need(done.returncode == 0, f"the next init fails: {done.stderr}")
        need(self.plain() == [], f"in clear after the next init: {self.plain()}")
        need(self.names() == ["GITHUB_TOKEN", "OPENAI_API_KEY"], f"{self.names()}")
        for name, (key, _) in SECRETS.items():
            text = (self.work / name).read_text()
            need(f"{key}=phm_" in text and text.startswith(f"# {name}\n") and text.endswith("PORT=3000\n"), text)
        left = [f.name for f in self.work.iterdir() if "phantom-" in f.name]
        need(not left, f"left behind: {left}")
        need(self.run("audit", "verify").returncode == 0, "the ledger does not verify")


def main():
    if not shutil.which("strace"):
        print("init_crash: no strace here")
        return 77
    with tempfile.TemporaryDirectory(prefix="phantom-init-") as directory:
        root = pathlib.Path(directory)
        before, locks = Project(root / "probe").counts()
        for nth in (1, 2):
            project = Project(root / f"error-{nth}")
            done = project.run("init", inject=[f"rename:error=EIO:when={before + nth}"])
            need(done.returncode != 0, f"rename {nth} failed, init did not")
            need(project.plain() == [".env", ".env.local"], f"error {nth}: {project.plain()}")
            need(project.names() == [], f"error {nth}: the vault has {project.names()}")
            events = project.run("audit", "show", "--type", "env.rewrite.completed").stdout
            need(events.count("failed") == 2 and " ok" not in events, events)
            project.finish()
        for nth, plain in ((1, [".env", ".env.local"]), (2, [".env.local"])):
            project = Project(root / f"kill-{nth}")
            done = project.run("init", inject=[f"rename:signal=SIGKILL:when={before + nth}"])
            need(done.returncode != 0, f"killed at rename {nth}, init said it was done")
            need(project.plain() == plain, f"kill {nth}: {project.plain()}")
            need(project.names() == ["GITHUB_TOKEN", "OPENAI_API_KEY"], f"{project.names()}")
            project.finish()
        # Killed while the first file is put back because the second could not be replaced.
        project = Project(root / "kill-back")
        project.run("init", inject=[f"rename:error=EIO:when={before + 2}",
                                     f"flock:signal=SIGKILL:when={locks + 1}"])
        need(project.plain() == [".env.local"], f"kill-back: {project.plain()}")
        project.finish()
    print("init_crash: 2 failing renames, 3 kills")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AssertionError as failed:
        print(f"init_crash: {failed}", file=sys.stderr)
        sys.exit(1)
