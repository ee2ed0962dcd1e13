#!/usr/bin/env python3
"""Holds docs/ATTACKS.md to the four lists of attacks and to the tests: each attack has its row, each
row names tests that are there or says why there can be none, and each test whose name carries the
number of an attack stands in that attack's row.

usage: attack_list.py
       attack_list.py --self-test
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
IDS = [f"A{n:02}" for n in range(1, 17)] + ["A15b"] + [
    f"{letter}{n:02}" for letter in "FT" for n in range(1, 21)] + [f"R{n:02}" for n in range(1, 15)]
ROW = re.compile(r"^\| ([AFRT]\d\d\w?) \|(.*)\| *([^|]*) \|$", re.MULTILINE)
# Suites with several tests for one defect, of which the page names the main one.
FAMILIES_OF_MANY = ("EpochDefects", "EpochAttacks")


def tests_of(root):
    """Names of all tests: Suite.Name of C++ ones, functions and file names of scripts."""
    names = set()
    for file in sorted((root / "tests").rglob("*")):
        if file.suffix == ".cc":
            text = file.read_text(encoding="utf-8")
            names.update(".".join(pair) for pair in re.findall(
                r"^TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", text, re.MULTILINE))
        elif file.suffix == ".py":
            text = file.read_text(encoding="utf-8")
            names.update(re.findall(r"^def ([afrt]\d\d\w*)\(", text, re.MULTILINE))
        elif file.parent.name == "scripts" and file.suffix == ".txt":
            names.add(file.name)
    return names


def numbers_in(test):
    """The attacks that a test's own name says it is about."""
    name = test.split(".")[-1]
    script = re.match(r"([afrt]\d\db?)_", name)
    if script:
        return {script[1][0].upper() + script[1][1:]}
    head = re.match(r"(?:And)?([AFRT]\d\d)", name)
    found = set()
    while head:
        found.add(head[1])
        name = name[head.end():]
        head = re.match(r"(?:And)?([AFRT]\d\d)", name)
    return found


def check(page, tests):
    errors = []
    rows = {}
    for number, text, cell in ROW.findall(page):
        if number in rows:
            errors.append(f"{number} has two rows")
        rows[number] = (text, re.findall(r"`([^`]+)`", cell))
    for number in IDS:
        if number not in rows:
            errors.append(f"{number} has no row")
            continue
        text, named = rows[number]
        if not named and "not applicable" not in text:
            errors.append(f"{number} names no test and does not say why")
        errors += [f"{number}: there is no test {test}" for test in named if test not in tests]
    errors += [f"{number} is in none of the lists" for number in rows if number not in IDS]
    everywhere = {test for _, named in rows.values() for test in named}
    for test in sorted(tests):
        missing = numbers_in(test) - {n for n, (_, named) in rows.items() if test in named}
        family = test.split(".")[0]
        if missing and family not in FAMILIES_OF_MANY and test not in everywhere:
            errors.append(f"{test} is about {', '.join(sorted(missing))} and stands in no row")
    return errors


def self_test():
    page = "".join(f"| {n} | x | y | `S.T` |\n" for n in IDS)
    assert check(page, {"S.T"}) == []
    assert check(page, set()) != []
    assert check(page.replace("| F07 | x | y | `S.T` |\n", ""), {"S.T"}) == ["F07 has no row"]
    assert check(page.replace("| F07 | x | y | `S.T` |", "| F07 | x | y | none |"), {"S.T"}) == [
        "F07 names no test and does not say why"]
    assert check(page.replace("| F07 | x | y | `S.T` |", "| F07 | x | not applicable: z | none |"),
                 {"S.T"}) == []
    assert check(page + "| F21 | x | y | `S.T` |\n", {"S.T"}) == ["F21 is in none of the lists"]
    assert check(page, {"S.T", "Attack.T02AndA09More"}) == [
        "Attack.T02AndA09More is about A09, T02 and stands in no row"]
    assert numbers_in("AttackOnStore.A06T08Older") == {"A06", "T08"}
    assert numbers_in("a15b_lock_held") == {"A15b"}
    assert numbers_in("Entry.TheSameInput") == set()
    print("attack_list: self-test passed")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    page = (ROOT / "docs" / "ATTACKS.md").read_text(encoding="utf-8")
    errors = check(page, tests_of(ROOT))
    for error in errors:
        print(f"docs/ATTACKS.md: {error}")
    print(f"attack_list: {len(IDS)} attacks, {len(errors)} problems")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
