#!/usr/bin/env python3
"""Holds the layers: checks every #include of the layered folders against the table in
CMakeLists.txt, as CMake wrote it to layers.json.

usage: check_layers.py build/<preset>/layers.json [root]
       check_layers.py --self-test
"""

import fnmatch
import json
import pathlib
import re
import sys
import tempfile

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)')
# Headers of the language and of the system, which any file may use.
LANGUAGE = re.compile(r"^[a-z0-9_]+$")
SYSTEM = re.compile(r"^((sys|netinet|arpa|linux)/[a-z0-9_]+|dlfcn|errno|fcntl|grp|net/if|netdb|poll|"
                    r"pthread|pty|pwd|sched|signal|spawn|string|syslog|termios|time|unistd|"
                    r"immintrin|cpuid)\.h$")


def cycle_in(uses):
    """A list of folders that use each other in a circle, or None."""
    done, path = set(), []

    def visit(name):
        if name in path:
            return path[path.index(name):] + [name]
        if name in done:
            return None
        path.append(name)
        for below in uses.get(name, []):
            found = visit(below)
            if found:
                return found
        path.pop()
        done.add(name)
        return None

    for name in uses:
        found = visit(name)
        if found:
            return found
    return None


def outside_rules(entries):
    """["prefix=file,file"] as [(prefix, [patterns])]. `*` stands for the whole folder."""
    rules = []
    for entry in entries:
        if not entry:
            continue
        prefix, _, files = entry.partition("=")
        rules.append((prefix, files.split(",")))
    return rules


def check_file(root, folder, file, uses, rules, errors):
    where = file.relative_to(root).as_posix()
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            if re.match(r"^\s*#\s*include", line):
                errors.append(f"{where}:{number}: include that is neither \"...\" nor <...>")
            continue
        ours, outside = match.groups()
        if ours is not None:
            target = ours.split("/")[0]
            if "/" not in ours or ours.startswith(".") or "/../" in ours or "/./" in ours:
                errors.append(f'{where}:{number}: "{ours}": write "folder/file.h"')
            elif target == "schema":
                continue
            elif target != folder and target not in uses:
                allowed = ", ".join([folder, *uses])
                errors.append(f'{where}:{number}: "{ours}": {folder} may use only {allowed}')
            elif not (root / ours).is_file():
                errors.append(f'{where}:{number}: "{ours}": no such file')
            continue
        matching = [files for prefix, files in rules if outside.startswith(prefix)]
        if matching:
            if not any(pattern == "*" or fnmatch.fnmatchcase(where, pattern)
                       for files in matching for pattern in files):
                named = "; ".join(", ".join(files) for files in matching)
                errors.append(f"{where}:{number}: <{outside}>: belongs in {named}")
        elif not LANGUAGE.match(outside) and not SYSTEM.match(outside):
            errors.append(f"{where}:{number}: <{outside}>: CMakeLists.txt does not let {folder} "
                          "use it (OUTSIDE)")


def check(root, table):
    errors = []
    uses = {name: [u for u in layer["uses"] if u] for name, layer in table.items()}
    circle = cycle_in(uses)
    if circle:
        errors.append("CMakeLists.txt:1: layers in a circle: " + " -> ".join(circle))
    for folder, layer in table.items():
        for unknown in set(uses[folder]) - set(table):
            errors.append(f"CMakeLists.txt:1: {folder} uses {unknown}, which is no layer")
        rules = outside_rules(layer["outside"])
        for file in sorted((root / folder).glob("**/*")):
            if file.suffix in (".h", ".cc"):
                check_file(root, folder, file, uses[folder], rules, errors)
    return errors


def self_test():
    table = {"low": {"uses": [""], "outside": ["lib/=low/edge.cc"]},
             "high": {"uses": ["low"], "outside": [""]}}
    cases = [  # file, its content, a part of the error or None
        ("low/a.cc", '#include "low/a.h"\n#include <vector>\n#include <sys/stat.h>\n', None),
        ("high/a.cc", '#include "low/a.h"\n', None),
        ("low/edge.cc", "#include <lib/x.h>\n", None),
        ("low/a.cc", '#include "high/a.h"\n', "low/a.cc:1"),
        ("low/a.cc", '\n#include "../high/a.h"\n', "low/a.cc:2"),
        ("low/a.cc", '#include "a.h"\n', "folder/file.h"),
        ("low/a.cc", '#include "low/none.h"\n', "no such file"),
        ("low/a.cc", "#include <lib/x.h>\n", "belongs in low/edge.cc"),
        ("high/a.cc", "#include <lib/x.h>\n", "does not let high"),
        ("high/a.cc", "#include <sodium.h>\n", "does not let high"),
        ("high/a.cc", "#include NAME\n", "neither"),
    ]
    for name, content, expected in cases:
        with tempfile.TemporaryDirectory() as directory:
            root = pathlib.Path(directory)
            for header in ("low/a.h", "high/a.h"):
                (root / header).parent.mkdir(exist_ok=True)
                (root / header).write_text("#pragma once\n")
            (root / name).write_text(content)
            errors = check(root, table)
            good = not errors if expected is None else (
                len(errors) == 1 and expected in errors[0])
            if not good:
                print(f"self-test: {name} with {content!r}: got {errors}, expected {expected!r}")
                return 1
    if cycle_in({"a": ["b"], "b": ["c"], "c": ["a"]}) is None or cycle_in({"a": ["b"], "b": []}):
        print("self-test: circles are not found as they should be")
        return 1
    print(f"check_layers: self-test ok, {len(cases) + 2} cases")
    return 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if not 1 <= len(arguments) <= 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    root = pathlib.Path(arguments[1] if len(arguments) == 2 else pathlib.Path(__file__).parents[1])
    table = json.loads(pathlib.Path(arguments[0]).read_text(encoding="utf-8"))
    errors = check(root.resolve(), table)
    print("\n".join(errors) if errors else f"check_layers: {len(table)} layers hold")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
