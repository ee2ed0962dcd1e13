#!/usr/bin/env python3
"""Holds docs/systemd to what systemd and phantom accept.

usage: PHANTOM_BIN=build/.../phantom tests/scripts/unit_file.py
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "systemd"
UNIT = FOLDER / "phantom-ledger.service"
WITNESS = FOLDER / "phantom-witness.service"
SECTIONS = ("Unit", "Service", "Install")
# Without one of these the service would not keep what it is for.
NEEDED = {
    "Type": "notify", "User": "phantom", "StateDirectory": "phantom", "StateDirectoryMode": "0700",
    "RuntimeDirectory": "phantom", "RuntimeDirectoryMode": "0755", "UMask": "0077",
    "NoNewPrivileges": "yes", "ProtectSystem": "strict", "PrivateTmp": "yes",
    "MemoryDenyWriteExecute": "yes", "LimitCORE": "0",
}
NEEDED_OF_WITNESS = {
    "Type": "notify", "User": "phantom-witness", "StateDirectory": "phantom-witness",
    "StateDirectoryMode": "0700", "UMask": "0077", "NoNewPrivileges": "yes",
    "ProtectSystem": "strict", "PrivateTmp": "yes", "MemoryDenyWriteExecute": "yes",
    "LimitCORE": "0",
}
# With one of these the kernel could not say who calls, or there would be no boot id.
HARMFUL = ("PrivateUsers", "ProcSubset", "DynamicUser")


def parse(text):
    """The settings of [Service]; anything that is not a unit file ends the test."""
    section, service = None, {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = match[1]
            if section not in SECTIONS:
                raise ValueError(f"line {number}: no section {section}")
        elif (match := re.fullmatch(r"([A-Z]\w+)=(.*)", line)) and section:
            if section == "Service":
                service.setdefault(match[1], []).append(match[2])
        else:
            raise ValueError(f"line {number}: {line}")
    return service


def check_settings(service, binary):
    problems = [f"{name} is not {value}" for name, value in NEEDED.items()
                if service.get(name) != [value]]
    problems += [f"{name} is there" for name in HARMFUL if name in service]
    if "PHANTOM_HOME=/var/lib/phantom" not in service.get("Environment", []):
        problems.append("PHANTOM_HOME is not the state directory")
    words = service.get("ExecStart", [""])[0].split()
    if words[:3] != ["/usr/bin/phantom", "ledger", "serve"]:
        problems.append("ExecStart does not serve the ledger")
    shown = subprocess.run([binary, "ledger", "serve", "--help"], capture_output=True, text=True,
                           check=True).stdout
    problems += [f"phantom ledger serve has no {word}" for word in words
                 if word.startswith("--") and word not in shown]
    return problems


def check_witness(service, binary):
    problems = [f"witness: {name} is not {value}" for name, value in NEEDED_OF_WITNESS.items()
                if service.get(name) != [value]]
    words = service.get("ExecStart", [""])[0].split()
    if words[:4] != ["/usr/bin/phantom", "witness", "serve", "/var/lib/phantom-witness/w"]:
        problems.append("witness: ExecStart does not serve the state directory")
    shown = subprocess.run([binary, "witness", "serve", "--help"], capture_output=True, text=True,
                           check=True).stdout
    return problems + [f"phantom witness serve has no {word}" for word in words
                       if word.startswith("--") and word not in shown]


def check_with_systemd(unit, text, binary):
    if not shutil.which("systemd-analyze"):
        print("systemd-analyze is not here: the file was parsed only")
        return []
    with tempfile.TemporaryDirectory() as folder:
        # The program is not installed where the unit looks for it.
        copy = Path(folder) / unit.name
        copy.write_text(text.replace("/usr/bin/phantom ", f"{Path(binary).resolve()} "))
        ran = subprocess.run(["systemd-analyze", "verify", "--man=no", str(copy)],
                             capture_output=True, text=True, timeout=60)
        said = [line for line in (ran.stdout + ran.stderr).splitlines() if unit.name in line]
        return said if said or ran.returncode == 0 else [f"systemd-analyze: {ran.returncode}"]


def main():
    binary = os.environ["PHANTOM_BIN"]
    text = UNIT.read_text(encoding="utf-8")
    problems = check_settings(parse(text), binary) + check_with_systemd(UNIT, text, binary)
    witness = WITNESS.read_text(encoding="utf-8")
    problems += check_witness(parse(witness), binary) + check_with_systemd(WITNESS, witness, binary)
    users = (FOLDER / "phantom-ledger.sysusers").read_text(encoding="utf-8")
    for line in ("u phantom ", "g phantom-clients "):
        if f"\n{line}" not in "\n" + users:
            problems.append(f"sysusers: no line '{line}...'")
    # What the checks find in a file that is wrong.
    assert check_settings(parse(text.replace("StateDirectoryMode=0700", "PrivateUsers=yes")), binary)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
