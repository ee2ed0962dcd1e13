#!/usr/bin/env python3
"""Runs the steps of .github/actions/phantom-verify and docs/ci/ as the services would: inputs put
into the environment, files for outputs and summary, real ledgers, good, damaged and missing.

usage: PHANTOM_BIN=build/.../phantom tests/scripts/ci_templates.py
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import junitparser
import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
ACTION = ROOT / ".github" / "actions" / "phantom-verify"
GITLAB = ROOT / "docs" / "ci" / "phantom-verify.gitlab-ci.yml"
EXPRESSION = re.compile(r"\$\{\{\s*([a-z-]+(?:\.[a-z-]+)+)\s*\}\}")


def need(condition, text):
    if not condition:
        raise AssertionError(text)


def run(words, cwd, env):
    return subprocess.run(words, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60)


class Place:
    """A checkout with pins, copies of ledgers and a runner's environment."""

    def __init__(self, root):
        self.root = root
        self.work = root / "work space"
        self.work.mkdir()
        (root / "bin").mkdir()
        (root / "bin" / "phantom").symlink_to(pathlib.Path(os.environ["PHANTOM_BIN"]).resolve())
        # Little of ours, and no home: as on a runner.
        self.env = {"PATH": f"{root / 'bin'}:/usr/bin:/bin", "LANG": "C.UTF-8", "CI": "true"}
        home = dict(self.env, PHANTOM_HOME=str(root / "home"))
        words = lambda *arguments: run(["phantom", *arguments], self.work, home)
        need(words("ledger", "init").returncode == 0, "ledger init")
        pins = self.work / ".phantom"
        pins.mkdir()
        (pins / "ledger.vkey").write_text(json.loads(words("ledger", "info", "--json").stdout)["vkey"])
        (pins / "anchor.json").write_text(words("audit", "head", "--json").stdout)
        skip = shutil.ignore_patterns("sock")
        shutil.copytree(root / "home" / "ledger", self.work / "ledger", ignore=skip)
        need(words("audit", "show").returncode == 0, "audit show")
        shutil.copytree(root / "home" / "ledger", self.work / "new $(touch run) ledger", ignore=skip)
        shutil.copytree(self.work / "ledger", self.work / "damaged")
        for name in ("log", "backup"):
            words("audit", "publish", name) if name == "log" else words("ledger", "backup", name)
            shutil.copytree(self.work / name, self.work / f"{name} damaged")
            note = self.work / f"{name} damaged" / "checkpoint"
            note.write_bytes(note.read_bytes().replace(b"phantom.local/", b"phantom.lokal/"))
        head = self.work / "damaged" / "head"
        head.write_bytes(head.read_bytes().replace(b"phantom.local/", b"phantom.lokal/"))


class Action:
    def __init__(self, place):
        self.place = place
        self.spec = yaml.safe_load((ACTION / "action.yml").read_text())

    def value(self, text, inputs, outputs):
        def of(match):
            context, *rest = match[1].split(".")
            if context == "inputs":
                return inputs[rest[0]]
            need(context == "steps" and rest[1] == "outputs", f"expression {match[0]}")
            return outputs[rest[0]][rest[2]]
        return EXPRESSION.sub(of, text)

    def run(self, event="push", **given):
        """Exit code, log, outputs and summary of a job with this step."""
        given = {name.replace("_", "-"): value for name, value in given.items()}
        inputs = {name: each.get("default", "") for name, each in self.spec["inputs"].items()}
        need(set(given) <= set(inputs), f"no such input: {given}")
        inputs.update(given)
        need(all(isinstance(value, str) for value in inputs.values()), "inputs are texts")
        outputs, code, log = {}, 0, ""
        summary = self.place.root / "summary"
        summary.write_text("")
        for step in self.spec["runs"]["steps"]:
            need(step["shell"] == "bash", "a composite step names its shell")
            file = self.place.root / "output"
            file.write_text("")
            env = dict(self.place.env, GITHUB_ACTIONS="true", GITHUB_EVENT_NAME=event,
                       GITHUB_ACTION_PATH=str(ACTION), GITHUB_OUTPUT=str(file),
                       GITHUB_STEP_SUMMARY=str(summary), GITHUB_WORKSPACE=str(self.place.work))
            env.update({key: self.value(text, inputs, outputs)
                        for key, text in step.get("env", {}).items()})
            need("${{" not in step["run"], "an expression in a script could be a command")
            done = run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                       self.place.work, env)
            code, log = done.returncode, log + done.stdout + done.stderr
            outputs[step["id"]] = dict(line.partition("=")[::2]
                                       for line in file.read_text().splitlines())
            if code:
                break
        results = {}
        if outputs["verify"]:
            results = {name: self.value(each["value"], inputs, outputs)
                       for name, each in self.spec["outputs"].items()}
        return code, log, results, summary.read_text()


def check_description(spec):
    need(spec["runs"]["using"] == "composite" and spec["name"] and spec["description"], "action.yml")
    used = set(EXPRESSION.findall(json.dumps(spec["runs"])))
    need(used == {f"inputs.{name}" for name in spec["inputs"]}, f"inputs and their use: {used}")
    for part in ("inputs", "outputs"):
        need(all(each["description"] for each in spec[part].values()), f"{part} are described")


def check_action(place):
    action = Action(place)
    check_description(action.spec)
    work = place.work

    code, log, out, summary = action.run()
    need(code == 0 and out["verdict"] == "VERIFIED" and out["exit-code"] == "0", f"good: {log}")
    report = json.loads((work / "phantom-reports" / "verify.json").read_text())
    need(out["size"] == str(report["head"]["size"]) and out["root"] == report["head"]["root"], "head")
    need(json.loads((work / out["sarif"]).read_text())["version"] == "2.1.0", "sarif")
    need("L4 externally anchored" in summary and "\n    VERIFIED ledger\n" in summary, summary)
    need(log.startswith("::notice ") and "::error" not in log, f"good: {log}")

    code, log, out, summary = action.run(ledger="damaged")
    need(code == 1 and out["verdict"] == "FAILED" and out["exit-code"] == "1", f"damaged: {log}")
    need(log.startswith("::error file=.phantom/anchor.json,line=1,title=phantom.audit."), log)
    need("phantom audit verify: FAILED" in summary and (work / out["junit"]).exists(), summary)

    # Damage is no matter of choice; something missing is.
    code, log, out, _ = action.run(ledger="damaged", indeterminate="warn")
    need(code == 1, f"damaged, warn: {log}")
    for choice, wanted in (("fail", 3), ("warn", 0)):
        code, log, out, _ = action.run(ledger="nowhere", pins="", key=".phantom/ledger.vkey",
                                       indeterminate=choice)
        need(code == wanted and out["verdict"] == "INDETERMINATE" and out["exit-code"] == "3",
             f"absent, {choice}: {code} {log}")
        need(out["size"] == out["root"] == "", f"absent: {out}")
    need("is accepted here" in log, log)
    code, log, out, _ = action.run(ledger="nowhere")
    need(code == 1 and out["verdict"] == "FAILED", f"gone, with an anchor: {log}")

    # No report, and none left of an earlier run.
    code, log, out, summary = action.run(key="no.vkey")
    need(code == 3 and out["verdict"] == "INDETERMINATE" and out["sarif"] == "", f"no key file: {out}")
    need("no report" in log and "VERIFIED" not in summary, log)
    code, log, out, _ = action.run(phantom="no-such-program")
    need(code == 127 and out["verdict"] == "ERROR" and out["junit"] == "", f"no program: {out}")
    need(action.run(pins="nowhere")[0] == 3, "no pins")
    need(action.run(pins="", key="")[0] == 2 and action.run(indeterminate="maybe")[0] == 2, "bad inputs")

    # What was handed out of a ledger.
    for kind in ("tiles", "backup"):
        subject = "log" if kind == "tiles" else kind
        code, log, out, _ = action.run(**{kind: subject})
        need(code == 0 and out["verdict"] == "VERIFIED", f"{kind}: {log}")
        code, log, out, _ = action.run(**{kind: f"{subject} damaged"})
        need(code == 1 and out["verdict"] == "FAILED", f"{kind}, damaged: {log}")
    need(action.run(tiles="log", backup="backup")[0] == 2, "two subjects")
    need(action.run(policy="gates.toml", backup="backup")[0] == 2, "a gate on a backup")

    # What is trusted moves on a push, and never in a pull request. A cache that is not there is no
    # hint, and one that nobody signed neither.
    trust = dict(trust_state="trust.note", update_trust="true")
    for event in ("pull_request", "pull_request_target"):
        code, log, _, summary = action.run(event=event, **trust)
        need(code == 0 and not (work / "trust.note").exists(), f"{event}: {log}")
        need("\n    trust: floor\n" in summary, summary)
    (work / "trust.note").write_text("poison\n")
    code, log, _, summary = action.run(**trust)
    need(code == 0 and "\n    trust: floor\n" in summary, f"poisoned: {log} {summary}")
    need((work / "trust.note").read_text() != "poison\n", "a poisoned cache is replaced")
    code, log, _, summary = action.run(**trust)
    need(code == 0 and "\n    trust: cache\n" in summary, f"cached: {log} {summary}")
    code, log, _, summary = action.run(incremental="false", **trust)
    need(code == 0 and "\n    trust: cache\n" in summary, f"everything: {log} {summary}")
    code, log, _, _ = action.run(ledger="new $(touch run) ledger", **trust)
    need(code == 0 and (work / "trust.note").exists(), f"push: {log}")
    need(not (work / "run").exists(), "an input was run")
    code, log, out, _ = action.run(**trust)
    need(code == 1 and out["verdict"] == "FAILED", f"rolled back: {log}")
    code, log, out, _ = action.run(against="trust.note\n\n.phantom/anchor.json\n",
                                   ledger="new $(touch run) ledger")
    need(code == 0, f"two anchors: {log}")
    check_words(action)


def check_words(action):
    """The command line of each kind, as a program in place of phantom sees it."""
    seen = action.place.root / "words"
    stand_in = action.place.root / "bin" / "stand-in"
    stand_in.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" > "{seen}"\n')
    stand_in.chmod(0o755)
    for given, wanted in (
            ({}, "audit verify --pins .phantom --ledger ledger --incremental"),
            ({"incremental": "false"}, "audit verify --pins .phantom --ledger ledger"),
            ({"bundle": "q3.phx", "trust_state": "t"}, "audit verify --pins .phantom --bundle q3.phx"),
            ({"backup": "b"}, "audit verify --pins .phantom --backup b"),
            ({"policy": "g.toml"},
             "audit gate --policy g.toml --pins .phantom --ledger ledger --incremental")):
        action.run(phantom="stand-in", **given)
        words = seen.read_text().split(" --format ")[0].rstrip()
        need(words == wanted, f"{given}: {words}")


def gitlab_job(jobs, name):
    job = dict(jobs[name])
    base = job.pop("extends", None)
    return {**gitlab_job(jobs, base), **job} if base else job


def check_gitlab(place):
    jobs = yaml.safe_load(GITLAB.read_text())
    for name, allowed in ((".phantom-verify", []), (".phantom-verify-if-present", [3])):
        job = gitlab_job(jobs, name)
        need(job.get("allow_failure", {}).get("exit_codes", []) == allowed, f"{name}: exit codes")
        need(not {0, 1, 2, 3, 4} & set(job["retry"]["exit_codes"]), "a verdict is not retried")
        for given, wanted in (({}, 0), ({"VERIFY_LEDGER": "damaged"}, 1),
                              ({"VERIFY_LEDGER": "nowhere"}, 1), ({"VERIFY_PINS": "nowhere"}, 3),
                              ({"VERIFY_INCREMENTAL": ""}, 0),
                              ({"VERIFY_SUBJECT": "--backup backup"}, 0),
                              ({"VERIFY_SUBJECT": "--tiles log damaged"}, 1),
                              ({"CI_COMMIT_REF_PROTECTED": "true"}, 0)):
            for file in job["artifacts"]["paths"]:
                (place.work / file).unlink(missing_ok=True)
            trust = place.work / job["cache"]["paths"][0]
            script = "set -eo pipefail\n" + "\n".join(job["script"])
            done = run(["bash", "-c", script], place.work, {**place.env, **job["variables"], **given})
            need(done.returncode == wanted, f"{name} {given}: {done}")
            moved = given.get("CI_COMMIT_REF_PROTECTED") == "true"
            need((trust / "checkpoint").exists() == moved, f"{name} {given}: trust")
            shutil.rmtree(trust)
            if wanted == 3:
                continue
            (suite,) = junitparser.JUnitXml.fromfile(
                str(place.work / job["artifacts"]["reports"]["junit"]))
            need((suite.failures + suite.errors > 0) == (wanted == 1), f"{name} {given}: junit")
            need(all((place.work / file).exists() for file in job["artifacts"]["paths"]), "artifacts")


def main():
    with tempfile.TemporaryDirectory(prefix="phantom-ci-") as directory:
        place = Place(pathlib.Path(directory))
        check_action(place)
        check_gitlab(place)
    print("ci_templates: the action and the template do what they say")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AssertionError as failed:
        print(f"ci_templates: {failed}", file=sys.stderr)
        sys.exit(1)
