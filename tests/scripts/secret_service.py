#!/usr/bin/env python3
"""Vault keys in a real Secret Service: gnome-keyring under dbus-run-session, driven by commands.

Skipped (77) where gnome-keyring, dbus or libsecret is missing. PHANTOM_BIN names the program.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
PHANTOM = os.environ.get("PHANTOM_BIN", "")
PASSPHRASE = "correct horse example"
VALUE = "example-not-a-real-key-000"
LOGIN = "keyring password"
SECONDS_MAX = 30


def check(holds, what):
    if not holds:
        raise SystemExit(f"secret_service: {what}")


class Place:
    """A home and a project of their own."""

    def __init__(self, root, name):
        self.home = root / name / "home"
        self.project = root / name / "project"
        self.project.mkdir(parents=True)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("PHANTOM_")}
        self.env.update(PHANTOM_HOME=str(self.home), HOME=str(root / "user"))

    def run(self, *words, code=0, stdin="", **env):
        done = subprocess.run([PHANTOM, *words], cwd=self.project, env={**self.env, **env},
                              input=stdin, capture_output=True, text=True, timeout=SECONDS_MAX,
                              start_new_session=True, check=False)
        check(done.returncode == code, f"phantom {' '.join(words)}: exit {done.returncode}, not "
                                       f"{code}: {done.stdout}{done.stderr}")
        for secret in (VALUE, PASSPHRASE, LOGIN):
            check(secret not in done.stdout + done.stderr, f"{words[0]} printed a secret")
        return done

    def status(self, **env):
        return json.loads(self.run("vault", "status", "--json", **env).stdout)

    def methods(self):
        """How the vault was opened, one word for each time."""
        rows = self.run("audit", "show", "--json", "--type", "vault.unlocked").stdout.splitlines()
        return [json.loads(row)["payload"]["method"] for row in rows]

    def events(self):
        rows = self.run("audit", "show", "--json").stdout.splitlines()
        return [json.loads(row)["type"] for row in rows]


class Keyring:
    """gnome-keyring-daemon in the foreground, unlocked with its password or left locked."""

    def __init__(self, env, unlocked):
        words = ["gnome-keyring-daemon", "--foreground", "--components=secrets"]
        if unlocked:
            words.append("--unlock")
        self.process = subprocess.Popen(words, env=env, stdin=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if unlocked:
            self.process.stdin.write(LOGIN.encode())
        self.process.stdin.close()
        self.await_name(env)

    @staticmethod
    def owned(env):
        done = subprocess.run(
            ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus",
             "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
             "string:org.freedesktop.secrets"], env=env, capture_output=True, text=True, check=False)
        return "boolean true" in done.stdout

    def await_name(self, env):
        end = time.monotonic() + SECONDS_MAX
        while not self.owned(env):
            check(time.monotonic() < end, "the keyring did not start")
            check(self.process.poll() is None, "the keyring ended")
            time.sleep(0.02)

    def stop(self, env):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(SECONDS_MAX)
        end = time.monotonic() + SECONDS_MAX
        while self.owned(env):
            check(time.monotonic() < end, "the keyring did not go")
            time.sleep(0.02)


def secrets_in_keyring(env):
    """How many kept roots and keys of vaults a program that is not phantom finds there."""
    done = subprocess.run(["secret-tool", "search", "--all", "kind", "phantom kept root"], env=env,
                          capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    kept = done.stdout.count("label = phantom: vault of")
    done = subprocess.run(["secret-tool", "search", "--all", "kind", "phantom vault key"], env=env,
                          capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
    return kept, done.stdout.count("label = phantom: vault of")


def without_service(root):
    """A bus on which nobody keeps secrets, and no bus at all."""
    place = Place(root, "without")
    place.run("init", "--empty", PHANTOM_VAULT_PASSPHRASE=PASSPHRASE)
    refused = place.run("vault", "unlock", code=66, PHANTOM_VAULT_PASSPHRASE=PASSPHRASE)
    check("Secret Service" in refused.stderr and "keyring" in refused.stderr, refused.stderr)
    check(place.events()[-3:-1] == ["vault.key_kept", "vault.key_forgotten"] or
          "vault.key_forgotten" in place.events(), "a key that was not kept is not on record")
    refused = place.run("vault", "change-passphrase", "--to", "secret-service", code=66,
                        PHANTOM_VAULT_PASSPHRASE=PASSPHRASE)
    check("Secret Service" in refused.stderr, refused.stderr)
    check(place.status()["unlock"] == "passphrase", "it fell back to something")
    nobody = {"DBUS_SESSION_BUS_ADDRESS": "", "XDG_RUNTIME_DIR": str(root)}
    refused = place.run("vault", "unlock", code=66, PHANTOM_VAULT_PASSPHRASE=PASSPHRASE, **nobody)
    check("no session bus" in refused.stderr, refused.stderr)


def kept_key(place, env):
    place.run("init", "--empty", PHANTOM_VAULT_PASSPHRASE=PASSPHRASE)
    place.run("add", "OPENAI_API_KEY", "--stdin", stdin=VALUE, PHANTOM_VAULT_PASSPHRASE=PASSPHRASE)
    before = place.status()
    check(not before["opens_without_asking"] and not before["kept"], before)
    place.run("rotate", "--undo", "OPENAI_API_KEY", code=77)
    place.run("vault", "unlock", PHANTOM_VAULT_PASSPHRASE=PASSPHRASE)
    check(secrets_in_keyring(env) == (1, 0), "the key is not in the keyring")
    check(place.status()["opens_without_asking"], "the kept key does not open the vault")
    place.run("vault", "unlock")
    # Without a passphrase, and the child gets neither passphrase nor the way to the keyring.
    done = place.run("exec", "-q", "--", "sh", "-c",
                     "echo $OPENAI_API_KEY $DBUS_SESSION_BUS_ADDRESS; ls /proc/self/fd | wc -l",
                     PHANTOM_VAULT_NEW_PASSPHRASE="x")
    lines = done.stdout.split()
    check(lines[0].startswith("phm_") and len(lines) == 2, f"the child has too much: {lines}")
    check(int(lines[1]) <= 4, "the child has descriptors of ours")
    check(place.methods()[-1] == "kept-key", place.methods())
    # A signal reaches the child although the library has threads of its own.
    session = subprocess.Popen([PHANTOM, "exec", "-q", "--", "sh", "-c",
                                "trap 'echo got term; exit 3' TERM; echo ready; "
                                "while :; do sleep 0.1; done"],
                               cwd=place.project, env=place.env, stdout=subprocess.PIPE, text=True)
    check(session.stdout.readline() == "ready\n", "the session did not start")
    session.terminate()
    check(session.stdout.read() == "got term\n" and session.wait(SECONDS_MAX) == 3,
          "a signal did not reach the child")
    place.run("vault", "lock")
    check(secrets_in_keyring(env) == (0, 0), "the key is still in the keyring")
    place.run("rotate", "--undo", "OPENAI_API_KEY", code=77)
    again = place.run("vault", "lock")
    check("no key of this vault was kept" in again.stderr, again.stderr)
    # Another passphrase drops what was kept.
    place.run("vault", "unlock", PHANTOM_VAULT_PASSPHRASE=PASSPHRASE)
    place.run("vault", "change-passphrase", PHANTOM_VAULT_NEW_PASSPHRASE="another horse")
    check(secrets_in_keyring(env) == (0, 0), "the old key is still kept")
    place.run("vault", "change-passphrase", code=77, PHANTOM_VAULT_PASSPHRASE=PASSPHRASE)
    place.run("vault", "unlock", PHANTOM_VAULT_PASSPHRASE="another horse")


def service_key(place, env):
    place.run("vault", "change-passphrase", "--to", "secret-service")
    check(secrets_in_keyring(env) == (0, 1), "the vault's key is not in the keyring")
    check(place.status()["unlock"] == "secret-service", "the method is another one")
    done = place.run("exec", "-q", "--", "sh", "-c", "echo $OPENAI_API_KEY")
    check(done.stdout.startswith("phm_"), done.stdout)
    check(place.methods()[-1] == "secret-service", place.methods())
    place.run("vault", "unlock", code=65)


def locked_keyring(place):
    """Everything is refused, with a sentence, and nobody is asked anything."""
    status = place.status()
    check(not status["opens_without_asking"] and "locked" in status["problem"], status)
    refused = place.run("exec", "--", "true", code=77, PHANTOM_VAULT_PASSPHRASE="another horse")
    check("locked" in refused.stderr and "unlock it" in refused.stderr, refused.stderr)
    check(place.events()[-2:].count("session.refused") == 1 or
          "session.refused" in place.events(), "the refusal is not on record")


def in_session(root):
    env = {k: v for k, v in os.environ.items() if not k.startswith("PHANTOM_")}
    env.update(HOME=str(root / "user"), XDG_DATA_HOME=str(root / "user" / "data"),
               XDG_RUNTIME_DIR=str(root / "runtime"))
    os.environ.update({k: env[k] for k in ("HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR")})
    without_service(root)
    place = Place(root, "with")
    keyring = Keyring(env, unlocked=True)
    try:
        kept_key(place, env)
        service_key(place, env)
    finally:
        keyring.stop(env)
    keyring = Keyring(env, unlocked=False)
    try:
        locked_keyring(place)
    finally:
        keyring.stop(env)
    keyring = Keyring(env, unlocked=True)
    try:
        place.run("exec", "-q", "--", "true")
        place.run("vault", "change-passphrase", "--to", "key-file")
        check(secrets_in_keyring(env) == (0, 0), "a key that opens nothing is still there")
    finally:
        keyring.stop(env)
    place.run("exec", "-q", "--", "true")


# A bus of our own that starts nobody: what is on it is what the test put there.
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>
"""


def main():
    needed = ("gnome-keyring-daemon", "dbus-run-session", "dbus-send", "secret-tool")
    missing = [name for name in needed if shutil.which(name) is None]
    if missing:
        print(f"secret_service: skipped without {', '.join(missing)}", file=sys.stderr)
        return SKIPPED
    if len(sys.argv) == 3 and sys.argv[1] == "--in-session":
        in_session(pathlib.Path(sys.argv[2]))
        return 0
    root = pathlib.Path(tempfile.mkdtemp(prefix="phantom-keyring-"))
    try:
        for name in ("user/data", "runtime"):
            (root / name).mkdir(parents=True, mode=0o700)
        (root / "bus.conf").write_text(BUS, encoding="utf-8")
        return subprocess.run(
            ["dbus-run-session", f"--config-file={root}/bus.conf", "--", sys.executable, __file__,
             "--in-session", str(root)], check=False, timeout=280).returncode
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
