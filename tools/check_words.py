#!/usr/bin/env python3
"""Words and shapes that do not enter the project, each with what to do instead.

usage: check_words.py [root]
       check_words.py --self-test
"""

import pathlib
import re
import subprocess
import sys
import tempfile

LINES_MAX = 700
CODE = (".h", ".cc")
TEXT = CODE + (".py", ".sh", ".md", ".txt", ".cmake", ".fbs", ".json", ".toml", "")
THIS = "tools/check_words.py"  # names what it bans


class Rule:
    """`pattern` may not stand in files that end in `where`, but for those in `but`."""

    def __init__(self, pattern, instead, where=TEXT, but=()):
        self.pattern = re.compile(pattern)
        self.instead = instead
        self.where = where
        self.but = but


RULES = [
    Rule(r"\b(TODO|FIXME|XXX|HACK)\b", "finish it, or write an issue"),
    Rule(r"\b[Nn]ot (yet )?implemented\b", "leave the thing out until it is there"),
    Rule(r"(?<![\w.])/(work|tmp/briefs|root|home/[a-z]+)/", "the project names no machine's paths",
         but=("tests/golden/", "tests/scripts/")),
    Rule(r"(?<![\w_])assert\(", "PH_CHECK, which stays on", where=CODE),
    Rule(r"\bstd::(cout|cerr)\b", "the functions of cli/output.h, or events/diag.h", where=CODE,
         but=("cli/output.cc", "tools/", "bench/")),
    Rule(r"\busing namespace std;", "write std::", where=CODE),
    Rule(r"(?<![\w_:.>])(std::)?system\(", "fork and exec with an argument list", where=CODE,
         but=("tests/",)),
    Rule(r"(?<![\w_:.>])(std::)?s?rand\(", "events/random.h", where=CODE),
    Rule(r"\bgetenv\(\"PHANTOM_VAULT_PASSPHRASE\"", "vault/unlock.cc is the one reader",
         where=CODE, but=("vault/", "tests/")),
    Rule(r"^(<{7}|>{7}|={7})( |$)", "resolve the merge"),
]
FILE_NAMES = re.compile(r"(^|/)(util|utils|common|helper|helpers|manager|misc)(_[^/]*)?\.(h|cc)$|"
                        r"_(util|utils|common|helper|helpers|manager|misc)\.(h|cc)$")


def check_file(name, text):
    errors = []
    suffix = pathlib.PurePosixPath(name).suffix
    if FILE_NAMES.search(name):
        errors.append(f"{name}:1: the name says nothing; name the file after its one idea")
    lines = text.split("\n")
    if suffix in CODE + (".py",) and len(lines) > LINES_MAX:
        errors.append(f"{name}:{LINES_MAX}: {len(lines)} lines, more than {LINES_MAX}; "
                      "divide the file by ideas")
    if suffix == ".h" and "#pragma once" not in text:
        errors.append(f"{name}:1: header without #pragma once")
    for rule in RULES:
        if suffix not in rule.where or name.startswith(rule.but or ("\0",)):
            continue
        for number, line in enumerate(lines, 1):
            found = rule.pattern.search(line)
            if found:
                errors.append(f"{name}:{number}: {found.group(0)!r}: {rule.instead}")
    return errors


def files_of(root):
    """What git tracks or would track."""
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, stdout=subprocess.PIPE).stdout.decode()
    return sorted(name for name in set(listed.split("\0")) if name and (root / name).is_file())


def check(root, names):
    errors = []
    for name in names:
        if name == THIS or pathlib.PurePosixPath(name).suffix not in TEXT:
            continue
        try:
            text = (root / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        errors += check_file(name, text)
    return errors


def self_test():
    cases = [  # file, its content, how many errors
        ("events/a.cc", "PH_CHECK(true, \"x\");\nstatic_assert(true);\nwork/home\n", 0),
        ("events/a.cc", "// TODO: later\n", 1),
        ("docs/a.md", "This is not implemented yet.\n", 1),
        ("proxy/a.cc", "{501, \"Not Implemented\"}\nusing namespace std::chrono_literals;\n", 0),
        ("docs/a.md", "see /work/notes\n", 1),
        ("docs/a.md", "https://example.org/work/notes\n", 0),
        ("events/a.cc", "assert(x);\n", 1),
        ("cli/show.cc", "std::cout << 1;\n", 1),
        ("cli/output.cc", "std::cout << 1;\n", 0),
        ("events/a.cc", "using namespace std;\n", 1),
        ("events/a.cc", "std::system(\"ls\");\nsystem(x);\n", 2),
        ("events/a.cc", "boost::system::error_code code;\nfile_system(x);\n", 0),
        ("events/a.cc", "int x = rand();\n", 1),
        ("events/util.cc", "\n", 1),
        ("events/key_manager.cc", "\n", 1),
        ("events/a.h", "int x;\n", 1),
        ("events/a.cc", "\n" * 800, 1),
    ]
    for name, content, expected in cases:
        errors = check_file(name, content)
        if len(errors) != expected:
            print(f"self-test: {name} with {content[:60]!r}: got {errors}, expected {expected}")
            return 1
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory)
        (root / "bad.cc").write_text("// FIXME\n")
        if len(check(root, ["bad.cc"])) != 1:
            print("self-test: a bad file in a tree is not found")
            return 1
    print(f"check_words: self-test ok, {len(cases) + 1} cases")
    return 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) > 1:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    root = pathlib.Path(arguments[0]) if arguments else pathlib.Path(__file__).resolve().parents[1]
    names = files_of(root)
    errors = check(root, names)
    print("\n".join(errors) if errors else f"check_words: {len(names)} files are clean")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
