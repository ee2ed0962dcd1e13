#!/usr/bin/env python3
"""Holds README and guides to the truth: every phantom command and flag they show is one that the
program knows (in the other pages: those in shell blocks), every tools/ program they name is there, and every link leads
somewhere.

usage: check_docs.py [--bin build/dev/phantom]     (or PHANTOM_BIN)
       check_docs.py --self-test
"""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[|;&(]|\$\(|\$ )\s*phantom((?: [^|;&()#\n]+)?)")
INLINE = re.compile(r"`phantom ([a-z][^`]*)`")
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


def commands_in(text, inline=True):
    """The phantom command lines a page shows, each as a list of words. `inline`: in `code` too."""
    lines = []
    for language, block in FENCE.findall(text):
        if language not in ("sh", "console", "bash"):
            continue
        block = block.replace("\\\n", " ")
        for line in block.splitlines():
            if language == "console" and not line.startswith("$ "):
                continue
            lines += COMMAND.findall(line)
    if inline:
        lines += INLINE.findall(FENCE.sub("", text))
    return [line.replace('"', " ").replace("'", " ").split() for line in lines]


def anchors_of(text):
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


def check_links(page, text, root):
    errors = []
    for target in LINK.findall(FENCE.sub("", text)):
        if re.match(r"^[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        where = page.relative_to(root)
        if not file.exists():
            errors.append(f"{where}: link to {target}: no such file")
        elif anchor and anchor not in anchors_of(file.read_text(encoding="utf-8")):
            errors.append(f"{where}: link to {target}: no such heading")
    return errors


class Program:
    """What the program says about its commands; each help page is asked for once."""

    def __init__(self, binary):
        self.binary = binary
        self.pages = {}

    def help(self, words):
        key = tuple(words)
        if key not in self.pages:
            done = subprocess.run([self.binary, *words, "--help"], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=30)
            self.pages[key] = done.stdout.decode() if done.returncode == 0 else None
        return self.pages[key]

    def command_of(self, words):
        """The longest run of leading words that names a command, with its help page."""
        plain = []
        for word in words[:3]:
            if not re.fullmatch(r"[a-z][a-z-]*", word):
                break
            plain.append(word)
        for length in range(len(plain), 0, -1):
            page = self.help(plain[:length])
            if page is not None and page.startswith(f"phantom {' '.join(plain[:length])}:"):
                return plain[:length], page
        return None, None


def check_command(program, words):
    if not words:
        return None
    if words[0] in ("--help", "--version"):
        return None
    command, page = program.command_of(words)
    if command is None:
        return f"phantom {' '.join(words[:2])}: no such command"
    for word in words[len(command):]:
        if word == "--":
            break
        flag = re.fullmatch(r"(--[a-z][a-z-]*|-[a-z])(=.*)?", word)
        if flag and not re.search(rf"(?<![\w-]){re.escape(flag.group(1))}(?![\w-])", page):
            return f"phantom {' '.join(command)} {flag.group(1)}: no such flag"
    return None


def check(binary):
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
    program = Program(binary)
    errors = []
    seen = 0
    for page in pages:
        text = page.read_text(encoding="utf-8")
        errors += check_links(page, text, ROOT)
        for tool in re.findall(r"\btools/[a-z_]+(?:\.py)?\b", text):
            if not (ROOT / tool).exists():
                errors.append(f"{page.relative_to(ROOT)}: {tool}: no such program")
        for words in commands_in(text, inline=not page.name.startswith("FORMAT")):
            seen += 1
            error = check_command(program, words)
            if error:
                errors.append(f"{page.relative_to(ROOT)}: {error}")
    return errors, seen


def self_test():
    text = ("`phantom show it`\n```sh\nx=$(phantom audit head) # phantom nothing\n"
            "a | phantom audit verify --key 'K' \\\n  --against F; phantom add\n```\n"
            "```console\n$ phantom init\nphantom: said\n```\n```json\nphantom no\n```\n")
    expected = [["audit", "head"], ["audit", "verify", "--key", "K", "--against", "F"], ["add"],
                ["init"], ["show", "it"]]
    if commands_in(text) != expected:
        print(f"self-test: commands: {commands_in(text)}")
        return 1

    class Fake(Program):
        def help(self, words):
            pages = {("audit", "verify"): "phantom audit verify: x\n  --key VKEY\n  -o, --output F\n",
                     ("add",): "phantom add: x\n",
                     ("a", "b", "c"): "phantom a b c: x\n  --key VKEY\n"}
            return pages.get(tuple(words))

    fake = Fake("")
    cases = [(["audit", "verify", "--key", "K"], True), (["audit", "verify", "-o", "F"], True),
             (["audit", "verify", "--ke"], False), (["audit", "nothing"], False),
             (["add", "NAME"], True), (["add", "NAME", "--now"], False), (["ad"], False),
             (["a", "b", "c", "--key", "K"], True)]
    for words, good in cases:
        if (check_command(fake, words) is None) != good:
            print(f"self-test: {words}: {check_command(fake, words)}")
            return 1
    if "a-b-c" not in anchors_of("## A b, c\n"):
        print("self-test: headings")
        return 1
    print(f"check_docs: self-test ok, {len(cases) + 2} cases")
    return 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if arguments[:1] == ["--bin"] and len(arguments) == 2:
        binary = arguments[1]
    elif not arguments and "PHANTOM_BIN" in os.environ:
        binary = os.environ["PHANTOM_BIN"]
    else:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    errors, seen = check(binary)
    if seen < 20:
        errors.append(f"only {seen} commands were found in the pages: the pages or this check broke")
    print("\n".join(errors) if errors else f"check_docs: {seen} commands and all links hold")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
