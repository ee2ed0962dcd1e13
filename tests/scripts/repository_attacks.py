#!/usr/bin/env python3
"""What a repository may try with its own .phantom.toml: each attack is a function, r01 to r14, rows of
docs/ATTACKS.md. In all of them the key stays here, and the attempt of `phantom exec` is on record where
there is a project to record it for.

usage: PHANTOM_BIN=build/dev/phantom repository_attacks.py [name...]
"""

import os
import pathlib
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import time

BIN = os.environ["PHANTOM_BIN"]
DENIED, DATA, IO = 77, 65, 74
VALUE = "sk-proj-exampleNotARealKey0123456789abcdefABCDEF"


class Wrong(Exception):
    pass


class Rig:
    """A home with one project, whose configuration the attack writes."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="phantom-repository-"))
        self.project = self.root / "project"
        self.project.mkdir()
        self.environment = {key: value for key, value in os.environ.items()
                            if not key.startswith(("PHANTOM_", "CLAUDE", "CODEX", "CURSOR"))}
        self.environment.update(PHANTOM_HOME=str(self.root / "home"), HOME=str(self.root),
                                PHANTOM_VAULT_PASSPHRASE="correct horse example")
        (self.project / ".env").write_text(f"OPENAI_API_KEY={VALUE}\nOWN_API_KEY=own-{VALUE}\n",
                                           encoding="utf-8")
        self.must(0, "init")
        self.config = self.project / ".phantom.toml"
        self.head = self.config.read_text(encoding="utf-8")

    def write(self, services):
        self.config.write_text(self.head + "\n" + services, encoding="utf-8")

    def run(self, *words, where=None):
        return subprocess.run([BIN, *words], cwd=where or self.project, env=self.environment,
                              capture_output=True, timeout=60, check=False)

    def must(self, code, *words, says="", where=None):
        done = self.run(*words, where=where)
        seen = (done.stdout + done.stderr).decode("utf-8", "replace")
        if done.returncode != code or says not in seen:
            raise Wrong(f"{' '.join(words)}: exit code {done.returncode}, not {code}, or not said: "
                        f"{says!r}\n{seen}")
        if VALUE in seen:
            raise Wrong(f"{' '.join(words)} shows a value")
        return seen

    def must_not_run(self, code=DENIED, says="", where=None):
        seen = self.must(code, "exec", "--", "sh", "-c", "echo it-ran", says=says, where=where)
        if "it-ran" in seen:
            raise Wrong("the command ran")
        return seen

    def must_run(self):
        if "it-ran" not in self.must(0, "exec", "--", "sh", "-c", "echo it-ran"):
            raise Wrong("the command did not run")

    def must_have_refused(self, rule):
        if rule not in self.must(0, "audit", "show", "--type", "config.refused", "--last", "1"):
            raise Wrong(f"no config.refused with {rule}")

    def accept(self, answer="yes"):
        """On a terminal of its own. What the terminal showed, and the exit code."""
        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.project)
            os.execve(BIN, [BIN, "config", "accept"], self.environment)
        seen = b""
        answered = False
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if not select.select([terminal], [], [], 1)[0]:
                continue
            try:
                part = os.read(terminal, 4096)
            except OSError:
                break
            if not part:
                break
            seen += part
            if not answered and seen.endswith(b"to go on: "):
                os.write(terminal, answer.encode() + b"\n")
                answered = True
        _, status = os.waitpid(child, 0)
        os.close(terminal)
        return seen, os.waitstatus_to_exitcode(status)

    def must_accept(self):
        seen, code = self.accept()
        if code != 0:
            raise Wrong(f"config accept: {code}\n{seen}")

    def must_not_be_acceptable(self):
        seen, code = self.accept()
        if code == 0 or b"to go on" in seen:
            raise Wrong(f"config accept asks for what is never right:\n{seen}")


def r01_key_to_a_host_of_its_own(rig):
    rig.write('[services.openai]\nhost = "collector.example"\n')
    rig.must_not_run(says="collector.example")
    rig.must_have_refused("builtin-secret-moved")
    rig.write('[services.metrics]\nsecret = "OPENAI_API_KEY"\nhost = "collector.example"\n')
    rig.must_not_run(says="OPENAI_API_KEY is a key of api.openai.com")


def r02_host_that_looks_like_another(rig):
    for host in ("api.openai.com.evil.io", "api-openai.com", "api.opena1.com", "xn--penai-iye.com"):
        rig.write(f'[services.openai]\nhost = "{host}"\n')
        rig.must_not_run(says="where no key belongs")
        rig.must_not_be_acceptable()


def r03_other_header(rig):
    rig.write('[services.openai]\nheader = "X-Request-Id"\n')
    rig.must_not_run(says="header-changed")
    rig.write('[services.openai]\nheader_format = "{secret}"\n')
    rig.must_not_run(says="format-changed")


def r04_other_port(rig):
    rig.write('[services.openai]\nhost = "api.openai.com:8443"\n')
    rig.must_not_run(says="unusual-port")


def r05_addresses_inside(rig):
    for host in ("169.254.169.254", "[fd00:ec2::254]", "[::ffff:169.254.169.254]", "0.0.0.0"):
        rig.write(f'[services.openai]\nhost = "{host}"\n')
        rig.must_not_run(says="where no key belongs")
        rig.must_not_be_acceptable()
    for host in ("127.0.0.1", "10.0.0.1", "[fd12::1]", "build.internal"):
        rig.write(f'[services.openai]\nhost = "{host}"\n')
        rig.must_not_run()
    for host in ("2130706433", "0x7f.1", "127.1", "0177.0.0.1"):
        rig.write(f'[services.openai]\nhost = "{host}"\n')
        rig.must_not_run(DATA, says="is not a host name or address")


def r06_another_projects_id(rig):
    other = rig.root / "other"
    other.mkdir()
    shutil.copy(rig.config, other / ".phantom.toml")
    (other / ".env").write_text("X=phm_x\n", encoding="utf-8")
    rig.must_not_run(says="which belongs to", where=other)
    for words in (["list"], ["config", "show"], ["config", "diff"], ["service", "list"],
                  ["service", "add", "x", "--secret", "OPENAI_API_KEY", "--host", "x.example"]):
        rig.must(DENIED, *words, where=other)
    rig.must(1, "doctor", "--only", "config", says="which belongs to", where=other)
    # A link to the other project's file is a configuration of the directory it stands in.
    (other / ".phantom.toml").unlink()
    (other / ".phantom.toml").symlink_to(rig.config)
    rig.must_not_run(says="which belongs to", where=other)


def r07_raw_value_as_connection_string(rig):
    rig.write('[services.db]\nsecret = "OPENAI_API_KEY"\nhost = "db.example"\n'
              'secret_type = "connection_string"\n')
    rig.must_not_run(DATA, says="is not a known key")


def r08_change_after_acceptance(rig):
    first = '[services.own]\nsecret = "OWN_API_KEY"\nhost = "api.own.example"\n'
    rig.write(first)
    rig.must_accept()
    rig.must_run()
    rig.write(first.replace("api.own", "api.other"))
    rig.must_not_run(says="moved (host)")
    rig.write(first + "# a comment\n")
    rig.must_not_run(says="only text changed")
    # What was accepted before the newest acceptance is no longer accepted.
    rig.must_accept()
    rig.write(first)
    rig.must_not_run()


def r09_file_with_two_readings(rig):
    for services in ('[services.openai]\nhost = "a.example"\nhost = "api.openai.com"\n',
                     '[services.openai]\nhost = "api.openai.com"\npattern = "a.example"\n',
                     '[services.openai]\nHost = "a.example"\n', '[[services]]\nname = "openai"\n',
                     '[services.openai]\nhost = "api.openai.com\\u0000.a.example"\n',
                     '[services."../x"]\nsecret = "OPENAI_API_KEY"\nhost = "a.example"\n',
                     '[services.openai]\nhost = ["a.example"]\n', 'services = 1\n',
                     '[services.a]\nsecret = "A"\nhost = "a.example"\nbase_url_env = "OPENAI_BASE_URL"\n'):
        rig.write(services)
        rig.must_not_run(DATA)


def r10_text_that_changes_the_terminal(rig):
    rig.write('[services.own]\nsecret = "OWN_API_KEY"\nhost = "api.own.example"\n'
              'header_format = "\\u001b[2J{secret}"\n')
    rig.must_not_run(DATA)
    rig.write('[services.own]\nsecret = "OWN_API_KEY"\nhost = "api.own.example"\n'
              'header_format = "\\u202e{secret}"\n')
    for words in (["config", "diff"], ["config", "show"], ["exec", "--", "true"], ["doctor"]):
        done = rig.run(*words)
        if b"\x1b" in done.stdout + done.stderr or b"\xe2\x80\xae" in done.stdout + done.stderr:
            raise Wrong(f"{words} lets text of the file act on the terminal")
    seen, _ = rig.accept("no")
    if b"\x1b[2J" in seen or b"\xe2\x80\xae" in seen:
        raise Wrong("config accept lets text of the file act on the terminal")


def r11_file_that_is_none(rig):
    rig.config.write_text("# " + "x" * 300_000 + "\n" + rig.head, encoding="utf-8")
    rig.must_not_run(IO, says="is larger than")
    rig.config.write_text(rig.head + "a." * 5000 + "b = 1\n", encoding="utf-8")
    rig.must_not_run(IO, says="more than 4096 dots")


def r12_variables_of_the_child(rig):
    for name in ("PATH", "LD_PRELOAD", "BASH_ENV", "PHANTOM_HOME", "https_proxy", "GIT_SSH_COMMAND"):
        rig.write(f'[services.openai]\nbase_url_env = "{name}"\n')
        rig.must_not_run(DATA, says="base_url_env")


def r13_certificates(rig):
    rig.write('[services.openai]\nca_file = "ca.pem"\n')
    rig.must_not_run(says="own-certificates")
    for file in ("/etc/ssl/certs/x.pem", "../ca.pem", "a/../../ca.pem"):
        rig.write(f'[services.openai]\nca_file = "{file}"\n')
        rig.must_not_run(DATA, says="must be a file inside the project")


def r14_acceptance_without_a_person(rig):
    rig.write('[services.own]\nsecret = "OWN_API_KEY"\nhost = "api.own.example"\n')
    # No terminal, no flag, no variable.
    for words in (["config", "accept"], ["config", "accept", "--yes"], ["config", "accept", "yes"]):
        done = subprocess.run(["setsid", BIN, *words], cwd=rig.project, env=rig.environment,
                              input=b"yes\n", capture_output=True, timeout=60, check=False)
        if done.returncode == 0:
            raise Wrong(f"{words} without a terminal: accepted")
    for answer in ("", "y", "YES", "yes please"):
        _, code = rig.accept(answer)
        if code == 0:
            raise Wrong(f"the answer {answer!r} accepts")
    rig.must_not_run()


def main():
    attacks = {name: function for name, function in globals().items()
               if name.startswith("r") and name[1:3].isdigit()}
    failed = 0
    for name, attack in attacks.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        rig = Rig()
        try:
            attack(rig)
            print(f"ok      {name}")
        except Wrong as wrong:
            failed += 1
            print(f"FAILED  {name}: {wrong}")
        finally:
            shutil.rmtree(rig.root, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
