#!/usr/bin/env python3
"""A rewritten dotenv file, read by the programs that read such files.

For every file of tests/vault/dotenv_corpus.json, and for files made of its pieces: all values, then those
of every other key, give way to placeholders. Then every reader that is installed (node, dotenv, dotenvx,
python-dotenv, ruby's dotenv, dash, bash) and two that follow the documented rules of docker and compose
must find:

* where it read a value for a key, that key's placeholder and nothing else (docker, which takes
  the rest of the line as it is: the placeholder in the place of the value);
* what it read before, for a key that was not touched.

usage: dotenv_readers.py --rewriter DOTENV_CHILD [--packages node_modules] [--files N] [--seed N]
"""

import argparse
import json
import logging
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CORPUS = json.loads((HERE.parent / "vault/dotenv_corpus.json").read_text(encoding="utf-8"))


# Docker's --env-file: a line each, split at the first "=", nothing unquoted, nothing trimmed but blanks
# before the name; a name alone is taken from the environment; a name with blanks refuses the file.
def read_docker(path):
    found = {}
    for line in path.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        line = line.removesuffix(b"\r").decode().lstrip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            continue
        if not name or re.search(r"\s", name):
            return {}
        found[name] = value
    return found


# Compose's env files: optional export, "=" or ":", quotes over lines, escapes in double quotes, a comment
# after a blank. Text that fits no rule refuses the file. Values are not expanded here.
COMPOSE = re.compile(
    r"""\s*(?:\#[^\n]*\n|(?:export\s+)?(?P<key>[A-Za-z_][A-Za-z0-9_.\-\[\]]*)[^\S\n]*
    (?:(?:=|:)[^\S\n]*(?:'(?P<single>(?:\\'|[^'])*)'|"(?P<double>(?:\\.|[^"\\])*)"|(?P<plain>[^\n]*)))?
    (?P<tail>[^\n]*)(?:\n|\Z))""", re.X | re.S)


def read_compose(path):
    text = path.read_bytes().decode().removeprefix("\ufeff").replace("\r\n", "\n") + "\n"
    found, at = {}, 0
    while text[at:].strip():
        match = COMPOSE.match(text, at)
        if not match:
            return {}
        at = match.end()
        if match["key"] is None:
            continue
        if match["plain"] is not None:
            found[match["key"]] = re.split(r"\s#", " " + match["plain"], maxsplit=1)[0].strip()
        elif match["single"] is not None:
            found[match["key"]] = match["single"]
        elif match["double"] is not None:
            found[match["key"]] = re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), match["double"])
    return found


def read_python(path):
    import dotenv
    try:
        values = dotenv.dotenv_values(path, encoding="utf-8")
    except Exception:  # noqa: BLE001: a file it refuses has no keys
        return {}
    return {key: value for key, value in values.items() if value is not None}


def shell_reader(shell):
    def read(path):
        # Nothing can be found, so that a file that is no script starts nothing.
        done = subprocess.run(
            [shell, "-c", "exec 3>&1 >/dev/null; trap '/usr/bin/env -0 >&3' EXIT; set -a; . \"$0\"", path], cwd=path.parent,
            env={"PATH": "/nowhere"}, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
        found = {}
        for each in done.stdout.decode("utf-8", "replace").split("\0"):
            name, equals, value = each.partition("=")
            if equals and name not in ("PATH", "PWD", "_", "OLDPWD", "SHLVL"):
                found[name] = value
        return found
    return read


def together(program, files, **more):
    done = subprocess.run(program, input="\n".join(map(str, files)), text=True, capture_output=True, timeout=120, **more)
    if done.returncode != 0:
        raise SystemExit(f"{program[0]} failed: {done.stderr[-400:]}")
    return json.loads(done.stdout)


class Readers:
    def __init__(self, packages, files, shell_files):
        self.found = {}
        self.missing = []
        self.each("docker", read_docker, files)
        self.each("compose", read_compose, files)
        try:
            import dotenv  # noqa: F401
            self.each("python", read_python, files)
        except ImportError:
            self.missing.append("python")
        for shell in ("dash", "bash"):
            if shutil.which(shell):
                self.each(shell, shell_reader(shutil.which(shell)), shell_files)
            else:
                self.missing.append(shell)
        if shutil.which("node"):
            script = HERE / "dotenv_readers.js"
            answers = together(["node", str(script)], files, env={**os.environ, "NODE_PATH": packages or ""})
            for name, each in answers.items():
                self.found[name] = {pathlib.Path(file): values for file, values in each.items()}
        self.missing += [name for name in ("node", "dotenv", "dotenvx") if name not in self.found]
        if shutil.which("ruby") and subprocess.run(["ruby", "-rdotenv", "-e", "1"], capture_output=True).returncode == 0:
            answers = together(["ruby", str(HERE / "dotenv_readers.rb")], files)
            self.found["ruby"] = {pathlib.Path(file): values for file, values in answers.items()}
        else:
            self.missing.append("ruby")

    def each(self, name, read, files):
        self.found[name] = {path: read(path) for path in files}


def keys_of(path):
    keys = {}
    for line in path.with_suffix(".keys").read_text().splitlines():
        key, placeholder, some, value, raw = line.split(" ")
        keys.setdefault(key, []).append(
            (placeholder, some == "1", bytes.fromhex(value[:-1]).decode(), bytes.fromhex(raw[:-1]).decode()))
    return keys


def check_one(reader, path, before, after, which, keys, text):
    """Sentences about what is wrong."""
    wrong = []
    for key, entries in keys.items():
        placeholder, some, value, raw = entries[-1]
        if which == ".some" and not some:
            # What it refers to may have been replaced, and is then the placeholder of that.
            # To compose a backslash before a quote means that the value goes on.
            goes_on = reader == "compose" and "C:\\'" in text
            if key in before and "$" not in text and not goes_on and after.get(key) != before[key]:
                wrong.append(f"{key} was not touched and reads {after.get(key)!r}, not {before.get(key)!r}")
            continue
        if key not in before:
            if after.get(key, placeholder) != placeholder and not any(
                    placeholder in after[key] for _ in (0,) if reader == "docker"):
                wrong.append(f"{key} was not read before and reads {after[key]!r} now")
            continue
        if reader == "docker":
            if placeholder not in after.get(key, "") or "\n" in value and len(after[key]) > len(placeholder) + 60:
                wrong.append(f"{key} reads {after.get(key)!r}")
        elif after.get(key) != placeholder and not tolerated(reader, key, before, after, value, placeholder):
            wrong.append(f"{key} reads {after.get(key)!r}, was {before[key]!r}, we {value!r}")
    return wrong


# A reader that did not read our value before reads what it then read, with the placeholder in place of
# the value. To shells `A= value` is an empty A (and `value` a command); they keep the CR of CRLF, node keeps
# a tab before a comment.
def tolerated(reader, key, before, after, value, placeholder):
    if before[key] == value:
        return False
    if reader in ("dash", "bash") and before[key] == "":
        return after.get(key, "") == ""
    if reader in ("dash", "bash"):
        return placeholder in after.get(key, "")
    if before[key].endswith("\t") and after.get(key) == placeholder + "\t":
        return True
    return placeholder in after.get(key, "") and before[key].replace(value, placeholder) == after[key]


PIECES = ["A", "B_2", "C", "=", "=", " = ", "\n", "\n", "\r\n", "'", '"', "`", " #", "#", "x y", "\\", "\\n", '\\"',
          "\t", "value_one", "-----BEGIN", "export ", "A=one\n", "B='two'\n", 'C="three\nfour"\n', ": ", "\u00e9", "a.b=5\n"]


def is_for_shells(text):
    return all(re.fullmatch(r"""\s*(?:#.*|(?:export )?[A-Za-z_]\w*=(?:[^\s"'`&;]*|"[^"`]*"|'[^']*')(?:\s+#.*|\s*))?""", line)
               for line in text.split("\n"))


# Whole statements, most of which are well formed.
KEYS = ["A", "B_2", "a.b", "KEY", "c-d"]
SIGNS = ["=", "=", "=", " = ", "= ", ": "]
VALUES = ["one", "two#2", "#three", "it's", "a b", "x=y=", "'q'", "'q # r'", '"q"', '"q\\nr"', '"q\\"r"', "`q`", '"two\nlines"',
          "", "''", "{\"a\":1}", "${A}", "$KEY", "'$A'", '"\\$A"', "p\u00e4ss", "a;b", "a&b", "\\x", "postgres://u:p@h/d"]
TAILS = ["", "", "", " # note", " # it's", "\t# \"x", "  ", "#x"]
ENDS = ["\n", "\n", "\n", "\r\n", "\n\n", "\n# c = d\n"]


def made_statements(chance):
    text = chance.choice(["", "", "", "\ufeff"])
    for _ in range(chance.randrange(1, 6)):
        text += chance.choice(["", "", "export ", "  "]) + chance.choice(KEYS) + chance.choice(SIGNS)
        text += chance.choice(VALUES) + chance.choice(TAILS) + chance.choice(ENDS)
    return text


def made_files(directory, count, seed):
    chance = random.Random(seed)
    paths = []
    for number in range(count):
        path = directory / f"made{number}.env"
        if number % 4:
            path.write_bytes(made_statements(chance).encode())
        else:
            path.write_bytes("".join(chance.choice(PIECES) for _ in range(chance.randrange(3, 16))).encode())
        paths.append(path)
    return paths


def corpus_files(directory):
    paths = {}
    for number, case in enumerate(CORPUS["cases"] + CORPUS["bytes"]):
        path = directory / f"case{number}.env"
        path.write_bytes(bytes.fromhex(case["hex"]) if "hex" in case else case["text"].encode())
        paths[path] = case
    return paths


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rewriter", required=True)
    parser.add_argument("--packages")
    parser.add_argument("--files", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    logging.getLogger("dotenv").setLevel(logging.ERROR)
    failures = []
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        corpus = corpus_files(directory)
        made = made_files(directory, arguments.files, arguments.seed)
        for start in range(0, len(corpus) + len(made), 500):
            subprocess.run([arguments.rewriter, *map(str, (list(corpus) + made)[start:start + 500])], check=True, timeout=120)
        for path, case in corpus.items():
            error = path.with_suffix(".error")
            said = error.read_text(encoding="utf-8") if error.exists() else ""
            if bool(said) != ("refused" in case) or case.get("refused", "") not in said:
                failures.append(f"{case['name']}: {said.strip() or 'was rewritten'}")
            elif said and not said.splitlines()[1]:
                failures.append(f"{case['name']}: refused without saying what to do")
            if not said:
                values = {key: entries[-1][2] for key, entries in keys_of(path).items()}
                for key, value in case.get("read", {}).items():
                    if values.get(key) != value:
                        failures.append(f"{case['name']}: {key} is read as {values.get(key)!r}")
        good = [path for path in [*corpus, *made] if path.with_suffix(".keys").exists() and keys_of(path)]
        # A shell is a process per file, and wants its own dialect: the first odd line can end the rest.
        for_shells = [path for path in good if path not in corpus and is_for_shells(path.read_bytes().decode())]
        shell_good = [path for path in good if path in corpus] + for_shells[:100]
        texts = [path.with_suffix(suffix) for path in good for suffix in (".env", ".all", ".some")]
        shell_texts = [path.with_suffix(suffix) for path in shell_good for suffix in (".env", ".all", ".some")]
        readers = Readers(arguments.packages, texts, shell_texts)
        compared = 0
        for path in good:
            keys = keys_of(path)
            text = path.read_bytes().decode()
            for reader, found in readers.found.items():
                if path not in found:
                    continue
                for which in (".all", ".some"):
                    after = found[path.with_suffix(which)]
                    compared += 1
                    for sentence in check_one(reader, path, found[path], after, which, keys, text):
                        case = corpus.get(path, {}).get("name", repr(text))
                        failures.append(f"{reader}: {case}: {sentence}")
    for failure in failures[:60]:
        print(failure)
    print(f"dotenv_readers: {len(good)} files, {compared} comparisons, {len(failures)} failures; "
          f"readers: {', '.join(sorted(readers.found))}; missing: {', '.join(readers.missing) or 'none'}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
