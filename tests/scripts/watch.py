#!/usr/bin/env python3
"""phantom watch, through everything that editors, tools and the kernel do to dotenv files.

Every step waits for what the step should cause; that something causes nothing is shown by a later step, whose line
comes next.

usage: PHANTOM_BIN=build/dev/phantom watch.py
"""

import json
import os
import pathlib
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

BIN = os.environ["PHANTOM_BIN"]
SECONDS_MAX = 30


def key(number):
    return f"sk-proj-exampleNotARealKey{number:06d}abcdefABCDEFghijkl"


class Watch:
    """A running phantom watch; lines() of its output as they come."""

    def __init__(self, arguments, project, environment):
        self.process = subprocess.Popen(
            [BIN, "watch", "--json", *arguments], cwd=project, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.results, self.notes = queue.Queue(), queue.Queue()
        for stream, into in ((self.process.stdout, self.results), (self.process.stderr, self.notes)):
            threading.Thread(target=self.read, args=(stream, into), daemon=True).start()
        self.said = []

    @staticmethod
    def read(stream, into):
        for line in stream:
            into.put(line.rstrip("\n"))
        into.put(None)

    def note(self, text):
        while True:
            line = self.notes.get(timeout=SECONDS_MAX)
            assert line is not None, f"ended before it said {text!r}; said {self.said}"
            self.said.append(line)
            if text in line:
                return line

    def exposed(self, file, names, protected=False):
        line = self.results.get(timeout=SECONDS_MAX)
        assert line is not None, "ended"
        expected = {"v": 1, "event": "exposed", "file": file, "names": names, "protected": protected}
        assert json.loads(line) == expected, f"{line}, not {expected}"

    def stop(self, number=signal.SIGINT):
        self.process.send_signal(number)
        code = self.process.wait(timeout=SECONDS_MAX)
        assert code == 0, code
        self.note("stopped watching")
        assert self.results.get(timeout=SECONDS_MAX) is None, "a line too many"

    def sleeps(self):
        """How often its threads have gone to sleep."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            for line in (task / "status").read_text().splitlines():
                if "ctxt_switches" in line:
                    total += int(line.split()[1])
        return total


def replace(path, text):
    """As careful editors do: another file, moved over it."""
    other = path.with_name(path.name + ".tmp4711")
    other.write_text(text)
    os.replace(other, path)


def main():
    with tempfile.TemporaryDirectory() as name:
        base = pathlib.Path(name).resolve()
        project = base / "above" / "project"
        project.mkdir(parents=True)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PHANTOM_")}
        environment |= {"HOME": str(base / "home"), "PHANTOM_HOME": str(base / "home/.phantom"),
                        "PHANTOM_VAULT_PASSPHRASE": "correct horse example"}
        (base / "home").mkdir()

        def phantom(*arguments, ok=True):
            done = subprocess.run([BIN, *arguments], cwd=project, env=environment, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, timeout=SECONDS_MAX)
            assert not ok or done.returncode == 0, done.stderr
            return done

        env = project / ".env"
        env.write_text(f"OPENAI_API_KEY={key(1)}\nPORT=3000\n")
        phantom("init")
        protected = env.read_text()
        once = phantom("watch", "--once", "--json")
        assert once.stdout == "", once.stdout

        env.write_text(protected + f"export SECOND_KEY='{key(2)}' # note\n")
        once = phantom("watch", "--once", ok=False)
        assert once.returncode == 1 and once.stdout == ".env: SECOND_KEY: in plain text\n", once
        assert key(2) not in once.stdout + once.stderr

        events = 1
        watch = Watch([], project, environment)
        watch.note("watching")
        watch.exposed(".env", ["SECOND_KEY"])

        # Replaced by a rename; the same again, which is nothing; another value.
        replace(env, protected + f"SECOND_KEY={key(3)}\n")
        watch.exposed(".env", ["SECOND_KEY"])
        replace(env, protected + f"# other words\nSECOND_KEY={key(3)}\n")
        replace(env, protected + f"SECOND_KEY={key(3)}\nTHIRD_KEY={key(4)}\n")
        watch.exposed(".env", ["THIRD_KEY"])
        # Written in place; moved away and made anew; deleted and made again.
        with env.open("a") as file:
            file.write(f"FOURTH_KEY={key(5)}\n")
        watch.exposed(".env", ["FOURTH_KEY"])
        os.rename(env, project / "env~")
        env.write_text(protected + f"FIFTH_KEY={key(6)}\n")
        watch.exposed(".env", ["FIFTH_KEY"])
        env.unlink()
        env.write_text(protected + f"FIFTH_KEY={key(7)}\n")
        watch.exposed(".env", ["FIFTH_KEY"])
        # Other files: a new one, an example, which is none, one whose name says prod, and a link.
        (project / ".env.example").write_text(f"FIFTH_KEY={key(8)}\n")
        (base / "elsewhere").write_text(f"FIFTH_KEY={key(8)}\n")
        (project / ".env.link").symlink_to(base / "elsewhere")
        (project / ".env.production").write_text(f"LIVE_KEY={key(8)}\n")
        watch.exposed(".env.production", ["LIVE_KEY"])
        # A directory that comes, goes, and comes again.
        (project / "web").mkdir()
        (project / "web/.env").write_text(f"WEB_KEY={key(9)}\n")
        watch.exposed("web/.env", ["WEB_KEY"])
        shutil.rmtree(project / "web")
        (project / "web").mkdir()
        (project / "web/.env").write_text(f"WEB_KEY={key(10)}\n")
        watch.exposed("web/.env", ["WEB_KEY"])
        # The whole project moved away and back, with what is above it; what was written elsewhere counts.
        os.rename(base / "above", base / "moved")
        replace(base / "moved/project/.env", protected + f"SIXTH_KEY={key(11)}\n")
        os.rename(base / "moved", base / "above")
        watch.exposed(".env", ["SIXTH_KEY"])
        replace(env, protected + f"SIXTH_KEY={key(12)}\n")
        watch.exposed(".env", ["SIXTH_KEY"])
        # A file that cannot be read is said once, and what was told of it stays told.
        replace(env, protected + f"SIXTH_KEY={key(12)}\nOPEN='it\n")
        watch.note("never closed")
        replace(env, protected + f"SIXTH_KEY={key(12)}\nSEVENTH_KEY={key(13)}\n")
        watch.exposed(".env", ["SEVENTH_KEY"])
        # More changes than the kernel's queue holds, and the one that matters at the end.
        room = int(pathlib.Path("/proc/sys/fs/inotify/max_queued_events").read_text())
        if room <= 20_000:
            watch.process.send_signal(signal.SIGSTOP)
            many = project / "many"
            for number in range(room // 2 + 100):
                (project / "churn").write_text("x")
                os.replace(project / "churn", many)
            replace(env, protected + f"EIGHTH_KEY={key(14)}\n")
            watch.process.send_signal(signal.SIGCONT)
            watch.exposed(".env", ["EIGHTH_KEY"])
        # Asleep: nothing wakes it when nothing changes.
        before = watch.sleeps()
        time.sleep(1.0)
        woken = watch.sleeps() - before
        assert woken <= 2, f"woken {woken} times"
        watch.stop()
        events += 13 if room <= 20_000 else 12
        for line in watch.said:
            assert "sk-proj" not in line, line

        # --protect: the file gets a placeholder, and its own rewrite is no news.
        env.unlink()
        for file in (".env.production", "web/.env", ".env.link"):
            (project / file).unlink()
        env.write_text(protected)
        watch = Watch(["--protect"], project, environment)
        watch.note("watching")
        replace(env, protected + f"NINTH_KEY={key(15)}\n")
        watch.exposed(".env", ["NINTH_KEY"], protected=True)
        text = env.read_text()
        assert key(15) not in text and "NINTH_KEY=phm_" in text, text
        # The vault has this name with another value: nothing changes, and it is said once.
        other = text.replace(protected.split("\n")[0], f"OPENAI_API_KEY={key(16)}")
        replace(env, other + f"TENTH_KEY={key(17)}\n")
        watch.exposed(".env", ["OPENAI_API_KEY", "TENTH_KEY"])
        watch.note("another value")
        assert env.read_text() == other + f"TENTH_KEY={key(17)}\n"
        replace(env, text + f"TENTH_KEY={key(17)}\n")
        replace(env, text + f"ELEVENTH_KEY={key(18)}\n")
        line = json.loads(watch.results.get(timeout=SECONDS_MAX))
        assert line["names"] == ["ELEVENTH_KEY"] and line["protected"], line
        watch.stop(signal.SIGTERM)
        assert env.read_text().startswith(text)
        assert "sk-proj" not in env.read_text()
        events += 3

        shown = phantom("audit", "show", "--type", "env.exposed", "--json", "--last", "100").stdout
        assert len(shown.splitlines()) == events, (len(shown.splitlines()), events)
        assert "sk-proj" not in shown
        live = [line for line in shown.splitlines() if "LIVE_KEY" in line]
        assert len(live) == 1 and "prod/LIVE_KEY" in live[0], live
        assert "example" not in phantom("audit", "show", "--json", "--last", "1000").stdout
        verified = phantom("audit", "verify")
        assert verified.returncode == 0
    print("watch: all seen")
    return 0


if __name__ == "__main__":
    sys.exit(main())
