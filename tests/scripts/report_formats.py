#!/usr/bin/env python3
"""Reads the reports of `audit verify`, and the SARIF of `check`, with programs that are not phantom's: JUnit with xmllint and
junitparser, SARIF as GitHub takes it and with --schema against the schema of the standard, workflow
commands as GitHub's runner takes them apart. Golden reports, and those of real runs.

usage: report_formats.py                       (PHANTOM_BIN)
       report_formats.py --schema SCHEMA.json  exit code 77 when the schema is not there
"""

import json
import os
import pathlib
import random
import re
import shutil
import string
import subprocess
import sys
import tempfile

import junitparser

GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "report"
RULE = "phantom.audit."
KINDS = {"fail": "failure", "indeterminate": "error"}
SKIPPED_CODE = 77


def need(condition, text):
    if not condition:
        raise AssertionError(text)


def lines_of(check):
    """What any report says of a finding, cut as the short forms cut it."""
    return check["reason"].splitlines()[0] if check["reason"] else ""


def findings(report):
    return [check for check in report["checks"] if check["status"] in KINDS]


def check_sarif(text, report):
    log = json.loads(text)
    need(log["version"] == "2.1.0", "not SARIF 2.1.0")
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    need([rule["id"] for rule in rules] == [RULE + check["id"] for check in report["checks"]],
         "not one rule for each check")
    for rule in rules:
        need(rule["shortDescription"]["text"] and rule["fullDescription"]["text"]
             and rule["help"]["text"], f"{rule['id']}: GitHub wants all its texts")
    results = run["results"]
    found = findings(report)
    need(len(results) == min(len(found), 10), f"{len(results)} results of {len(found)} findings")
    need(run["properties"]["resultsLeftOut"] == len(found) - len(results), "results left out")
    wanted = {RULE + check["id"]: "error" if check["status"] == "fail" else "warning"
              for check in found}
    for result in results:
        need(rules[result["ruleIndex"]]["id"] == result["ruleId"], "ruleIndex")
        need(wanted[result["ruleId"]] == result["level"], "level")
        need(result["message"]["text"], "no message")
        need(result["partialFingerprints"], "no fingerprint")
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        uri = physical["artifactLocation"]["uri"]
        need(re.fullmatch(r"(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})+", uri), f"uri {uri!r}")
        need(not uri.startswith("/") and ".." not in uri.split("/"), f"uri {uri!r}")
        need(physical["region"]["startLine"] >= 1, "no line")
    need(len({result["ruleId"] for result in results}) == len(results), "a rule twice")
    (invocation,) = run["invocations"]
    need(invocation["exitCode"] == report["exit_code"], "exit code")
    need(invocation["executionSuccessful"] == (report["exit_code"] in (0, 1, 3)), "successful")
    need(run["properties"]["verdict"] == report["verdict"], "verdict")


def check_junit(path, report):
    done = subprocess.run(["xmllint", "--noout", "--nonet", str(path)], capture_output=True,
                          timeout=30)
    need(done.returncode == 0, f"xmllint: {done.stderr.decode()}")
    (suite,) = junitparser.JUnitXml.fromfile(str(path))
    cases = list(suite)
    need(suite.name == "phantom.audit", "name of the suite")
    need([case.name for case in cases] == [check["id"] for check in report["checks"]], "cases")
    for case, check in zip(cases, report["checks"]):
        kinds = [type(result).__name__.lower() for result in case.result]
        status = check["status"]
        wanted = [] if status == "pass" else [KINDS.get(status, "skipped")]
        need(kinds == wanted, f"{case.name} is {kinds}, not {wanted}")
        need(case.classname == "phantom.audit", "class of a case")
    counts = (suite.tests, suite.failures, suite.errors, suite.skipped)
    suite.update_statistics()
    need(counts == (suite.tests, suite.failures, suite.errors, suite.skipped), f"counts {counts}")
    properties = {each.name: each.value for each in suite.properties()}
    need(properties["verdict"] == report["verdict"], "verdict")
    need(properties["exit_code"] == str(report["exit_code"]), "exit code")


def parse_command(line):
    """A workflow command, as the runner takes it apart: name, properties, message."""
    found = re.fullmatch(r"::([a-z-]+)(?: ([^\n]*?))?::(.*)", line)
    need(found, f"no command: {line!r}")
    properties = {}
    for each in (found[2] or "").split(","):
        name, _, value = each.partition("=")
        for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
            value = value.replace(code, character)
        properties[name.strip()] = value
    message = found[3].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    return found[1], properties, message


def check_github(text, report):
    need(text.endswith("\n") and "\r" not in text, "lines")
    commands = [parse_command(line) for line in text[:-1].split("\n")]
    need(len(commands) <= 10, f"{len(commands)} annotations")
    *shown, (kind, properties, message) = commands
    need(kind == "notice" and message.startswith(report["verdict"] + " "), "the verdict")
    found = findings(report)
    need(len(shown) == min(len(found), 9), f"{len(shown)} of {len(found)}")
    status = {RULE + check["id"]: check for check in found}
    for kind, properties, message in shown:
        check = status.pop(properties["title"])
        need(kind == ("error" if check["status"] == "fail" else "warning"), "kind")
        need(set(properties) == {"file", "line", "title"}, f"properties {properties}")
        need(properties["file"] and int(properties["line"]) >= 1, "place")
        need(message.split("\n")[0].startswith(lines_of(check)[:8]), f"message {message!r}")


def check_all(directory, stem):
    """The reports <stem>.<format> of a directory; gives the one for programs."""
    read = lambda suffix: (directory / f"{stem}.{suffix}").read_text(encoding="utf-8")
    report = json.loads(read("json"))
    need(report["v"] == 1, "version")
    check_sarif(read("sarif"), report)
    check_junit(directory / f"{stem}.junit", report)
    check_github(read("github"), report)
    need(read("text").startswith(report["verdict"] + " "), "text")
    return report


class Phantom:
    def __init__(self, root):
        self.root = root
        self.env = {key: value for key, value in os.environ.items()
                    if not key.startswith(("PHANTOM_", "GITHUB_"))}
        self.env.update(HOME=str(root), PHANTOM_HOME=str(root / "home"))

    def run(self, *words):
        return subprocess.run([os.environ["PHANTOM_BIN"], *words], cwd=self.root, env=self.env,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60)

    def verify(self, stem, *words):
        """All reports of one run into files; the exit code."""
        outputs = []
        for suffix in ("text", "json", "sarif", "junit", "github"):
            outputs += ["--format", suffix, "-o", f"{stem}.{suffix}"]
        done = self.run("audit", "verify", *words, *outputs)
        need(done.stdout == b"", f"standard output: {done.stdout!r}")
        return done.returncode


def make_ledger(phantom):
    need(phantom.run("ledger", "init").returncode == 0, "ledger init")
    info = json.loads(phantom.run("ledger", "info", "--json").stdout)
    (phantom.root / "ledger.vkey").write_text(info["vkey"] + "\n")
    (phantom.root / "anchor.note").write_bytes(phantom.run("audit", "head").stdout)
    shutil.copytree(phantom.root / "home" / "ledger", phantom.root / "copy",
                    ignore=shutil.ignore_patterns("sock"))


def real_runs(root):
    """Runs phantom over a good ledger, one without a key, a damaged one and none at all."""
    phantom = Phantom(root)
    make_ledger(phantom)
    pins = ("--key", "ledger.vkey", "--against", "anchor.note")
    cases = [("good", 0, ("--ledger", "copy", *pins)), ("keyless", 3, ("--ledger", "copy")),
             ("absent", 3, ("--ledger", "nowhere", "--key", "ledger.vkey")),
             ("gone", 1, ("--ledger", "nowhere", *pins))]
    for stem, wanted, words in cases:
        code = phantom.verify(stem, *words)
        need(code == wanted, f"{stem}: exit code {code}, not {wanted}")
        need(check_all(root, stem)["exit_code"] == wanted, f"{stem}: exit code in the report")
    log = json.loads((root / "good.sarif").read_text())
    need(log["runs"][0]["results"] == [], "a good ledger has no results")
    uri = json.loads((root / "gone.sarif").read_text())["runs"][0]["results"][0]["locations"][0]
    need(uri["physicalLocation"]["artifactLocation"]["uri"] == "anchor.note", "place of a finding")

    head = root / "copy" / "head"
    head.write_bytes(head.read_bytes().replace(b"phantom.local/", b"phantom.lokal/"))
    need(phantom.verify("damaged", "--ledger", "copy", *pins) == 1, "damage")
    need(check_all(root, "damaged")["verdict"] == "FAILED", "damage")
    cases.append(("damaged", 1, ()))

    # A report that cannot be written takes nothing from the others, nor from the verdict.
    unwritable = ("--format", "sarif", "-o", "no/where.sarif", "--format", "github")
    done = phantom.run("audit", "verify", "--ledger", "nowhere", *pins, *unwritable)
    need(done.returncode == 1 and done.stdout.startswith(b"::error "), f"unwritable: {done}")
    done = phantom.run("audit", "verify", "--ledger", "nowhere", "--key", "ledger.vkey", *unwritable)
    need(done.returncode == 74 and b"no/where.sarif" in done.stderr, f"unwritable: {done}")
    return [stem for stem, _, _ in cases]


def check_run(root):
    """What `phantom check` finds in a file made here, as SARIF: places, levels, and no value."""
    token = "hf_" + "".join(random.choices(string.ascii_letters + string.digits, k=34))
    tree = root / "checked"
    tree.mkdir()
    (tree / "a b.py").write_text(f"first\n  g\u00fc = '{token}'\n", encoding="utf-8")
    text = Phantom(root).run("check", "checked", "--format", "sarif", "-o", "check.sarif")
    need(text.returncode == 1, f"check: {text}")
    log = (root / "check.sarif").read_text()
    need(token not in log, "a report holds a value")
    (run,) = json.loads(log)["runs"]
    (result,) = run["results"]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    need(rule["id"] == result["ruleId"] == "phantom.check.huggingface-token", "rule")
    need(rule["shortDescription"]["text"] and rule["fullDescription"]["text"]
         and rule["help"]["text"], "GitHub wants all texts of a rule")
    need(float(rule["properties"]["security-severity"]) >= 7, "severity")
    place = result["locations"][0]["physicalLocation"]
    need(place["artifactLocation"]["uri"] == "checked/a%20b.py", f"place {place}")
    need(place["region"] == {"startLine": 2, "startColumn": 9, "endColumn": 46}, f"place {place}")
    need(run["columnKind"] == "unicodeCodePoints" and result["partialFingerprints"], "columns")


def check_config_run(root):
    """What a staged configuration does, as SARIF: a rule for each of its results, with all texts."""
    tree = root / "staged"
    tree.mkdir()
    (tree / ".phantom.toml").write_text(
        '[phantom]\nversion = 1\nproject_id = "0123456789abcdef"\n\n'
        '[services.own]\nsecret = "OWN_KEY"\nhost = "x.webhook.site"\n', encoding="utf-8")
    for words in (["init", "-q", "."], ["add", "."]):
        subprocess.run(["git", *words], cwd=tree, check=True)
    phantom = Phantom(root)
    done = subprocess.run([os.environ["PHANTOM_BIN"], "check", "--staged", "--format", "sarif", "-o",
                           str(root / "config.sarif")], cwd=tree, env=phantom.env,
                          capture_output=True, text=True, check=False)
    need(done.returncode == 1, f"check --staged: {done}")
    (run,) = json.loads((root / "config.sarif").read_text())["runs"]
    rules = run["tool"]["driver"]["rules"]
    levels = {}
    for result in run["results"]:
        need(rules[result["ruleIndex"]]["id"] == result["ruleId"], "rule")
        levels[result["ruleId"].removeprefix("phantom.check.")] = result["level"]
        need(result["locations"][0]["physicalLocation"]["region"] == {"startLine": 5}, "place")
    need(levels["config-public-collector"] == "error" and levels["config-route-new"] == "warning",
         f"levels {levels}")
    need(all(rule["shortDescription"]["text"] and rule["fullDescription"]["text"]
             and rule["help"]["text"] for rule in rules), "GitHub wants all texts of a rule")


def check_schema(schema_file, directories):
    import jsonschema
    schema = json.loads(schema_file.read_text(encoding="utf-8"))
    validator = jsonschema.Draft4Validator(schema)
    validator.check_schema(schema)
    seen = 0
    for directory in directories:
        for path in sorted(directory.glob("*.sarif")):
            errors = [f"{path.name}: {list(error.absolute_path)}: {error.message}"
                      for error in validator.iter_errors(json.loads(path.read_text()))]
            need(not errors, "\n".join(errors))
            seen += 1
    broken = json.loads((GOLDEN / "failed.sarif").read_text())
    broken["runs"][0]["results"][0]["level"] = "fatal"
    need(list(validator.iter_errors(broken)), "the schema accepts anything")
    return seen


def main(arguments):
    schema = None
    if len(arguments) == 2 and arguments[0] == "--schema":
        schema = pathlib.Path(arguments[1])
        if not schema.exists():
            print(f"report_formats: {schema.name} is not there; tools/install fetches it with npm")
            return SKIPPED_CODE
    elif arguments:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="phantom-report-") as directory:
        root = pathlib.Path(directory)
        stems = real_runs(root)
        check_run(root)
        check_config_run(root)
        if schema:
            print(f"report_formats: {check_schema(schema, [GOLDEN, root])} SARIF logs are valid")
            return 0
        golden = sorted({path.name.split(".")[0] for path in GOLDEN.iterdir()})
        need({"good", "failed", "undecided", "crowded"} <= set(golden), f"golden reports: {golden}")
        for stem in golden:
            try:
                check_all(GOLDEN, stem)
            except AssertionError as error:
                raise AssertionError(f"golden {stem}: {error}") from error
    print(f"report_formats: {len(golden)} golden and {len(stems)} real reports are well formed")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except AssertionError as failed:
        print(f"report_formats: {failed}", file=sys.stderr)
        sys.exit(1)
