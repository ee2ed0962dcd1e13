#!/usr/bin/env python3
"""Reads every export format with programs that are not phantom's, and compares what they understood with
the events: a ledger made here with real commands, and the golden exports, which have every event type.
Python's own modules read JSON, CSV and SQLite; OCSF is held against ocsf_1_8_0.json; with --readers,
CloudEvents, OTLP, syslog and CEF are read by packages of others in node (export_readers.js).

usage: export_formats.py                (PHANTOM_BIN)
       export_formats.py --readers DIR  exit code 77 when node or the packages are not there
"""

import csv
import datetime
import io
import ipaddress
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE.parent / "golden"
SKIPPED_CODE = 77
EXACT_MAX = 2**53 - 1  # above it, a number of JSON is not what it was in most programs
FORMATS = ("jsonl", "csv", "cloudevents", "cloudevents-batch", "ocsf", "syslog", "cef", "otlp")
READERS = ("cloudevents/index.js", "otlp-root/index.js", "protobufjs/minimal.js", "long/index.js",
           "nsyslog-parser/index.js")
TYPES_MIN = 20  # that a real ledger has at least

# RFC 5424, 6.2.1; the severities are those of the catalogue, docs/EVENTS.md.
LOG_AUDIT = 13
SYSLOG = {"error": 3, "warning": 4, "notice": 5, "info": 6}
CEF = {"info": range(0, 4), "notice": range(4, 7), "warning": range(4, 7), "error": range(7, 9)}
OTLP = {"info": range(9, 13), "notice": range(9, 13), "warning": range(13, 17), "error": range(17, 21)}


def need(condition, text):
    if not condition:
        raise AssertionError(text)


# The name of a command with every character that some format has to escape. It is in session.started.
AWKWARD = "q\"]=|,'\\z \u00fc\U0001f511"

# None of them leaves the proxy: a service it does not know, and a token of nobody.
REQUESTS = """
import sys, urllib.request
root = sys.argv[1].split("/openai/")[0]
for path in ("/nosuch/v1/models", "/openai/_phantom/" + "0" * 64 + "/v1/models?a=b"):
    for method in ("GET", "POST", "PROPFIND"):
        request = urllib.request.Request(root + path, method=method, headers={"Authorization": "Bearer phm_0"})
        try:
            urllib.request.urlopen(request, timeout=5)
        except OSError:
            pass
"""


class Ledger:
    """A scratch ledger, made by the commands people use."""

    def __init__(self, root):
        self.root = root
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("PHANTOM_")}
        self.env.update(HOME=str(root), PHANTOM_HOME=str(root / "home"),
                        PHANTOM_VAULT_PASSPHRASE="correct horse example")

    def run(self, *words, code=0):
        done = subprocess.run([os.environ["PHANTOM_BIN"], *words], cwd=self.root, env=self.env,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        need(done.returncode == code, f"phantom {' '.join(words)}: {done}")
        return done.stdout.decode()

    def make(self):
        (self.root / ".env").write_text("OPENAI_API_KEY=sk-proj-exampleNotARealKey0123456789abcdefABCDEF\n"
                                        "GITHUB_TOKEN=ghp_exampleNotARealToken0123456789abcdef\n")
        (self.root / "gates.toml").write_text(
            '[[deny]]\nname = "no-plain-secrets"\nexposure = ">= materialised"\n')
        self.run("init")
        self.run("exec", "-q", "--", "sh", "-c",
                 f'"{sys.executable}" - "$OPENAI_BASE_URL" <<"END"\n{REQUESTS}\nEND\n')
        awkward = self.root / AWKWARD
        awkward.write_text("#!/bin/sh\nexit 3\n")
        awkward.chmod(0o755)
        self.run("exec", "-q", "--", str(awkward), code=3)
        self.run("remove", "GITHUB_TOKEN", "--yes")
        self.run("audit", "show")
        self.run("audit", "stats")
        self.run("audit", "verify")
        self.run("audit", "gate", "--policy", "gates.toml")
        self.run("audit", "hold", "add", "case-7", "--type", "secret.*")
        self.run("audit", "hold", "release", "case-7")
        self.run("audit", "prove", "1", "-o", "one.proof")
        self.run("audit", "publish", "tiles")
        self.run("audit", "export", "-o", "all.phx")
        (self.root / "anchors").mkdir()
        self.run("audit", "anchor", "add", "disk", "directory", str(self.root / "anchors"))
        self.run("audit", "anchor", "push")
        self.run("ledger", "rotate-key")
        self.run("ledger", "backup", "backup")
        self.run("exec", "-q", "--", "true")
        subject = self.run("privacy", "list").split()[0]
        self.run("privacy", "erase", subject, "--basis", "gdpr-17", "--yes", subject)
        self.run("exec", "-q", "--", "true")

    def export(self):
        """The same events in every format: up to the last one there is now."""
        last = json.loads(self.run("audit", "show", "--last", "1", "--json"))["seq"]
        for name in FORMATS + ("sqlite",):
            self.run("audit", "export", "--format", name, "--to", str(last), "-o", f"export.{name}.txt")


def lines_of(path):
    text = path.read_text(encoding="utf-8")
    need(text.endswith("\n"), f"{path.name}: its last line has no end")
    return text[:-1].split("\n")


# JSON lines


def numbers_in(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from numbers_in(each)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield value


def unique(pairs):
    need(len(dict(pairs)) == len(pairs), f"a key twice in {[key for key, _ in pairs]}")
    return dict(pairs)


def check_jsonl(directory):
    """All events have the same keys in the same order; numbers are exact in every program. Gives them."""
    events = [json.loads(line, object_pairs_hook=unique) for line in lines_of(directory / "export.jsonl.txt")]
    keys = list(events[0])
    for event in events:
        need(list(event) == keys, f"{event['type']}: keys {list(event)}, not {keys}")
        for number in numbers_in(event):
            need(isinstance(number, int) and abs(number) <= EXACT_MAX, f"{event['type']}: {number}")
    return events


# CSV and SQLite


def check_csv(directory, events):
    with open(directory / "export.csv.txt", newline="", encoding="utf-8") as file:
        text = file.read()
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    need(len(rows) == len(events), f"{len(rows)} rows of {len(events)} events")
    for row, event in zip(rows, events):
        need(None not in row and None not in row.values(), f"cells of {row}")
        need(json.loads(row["payload"]) == event["payload"], f"payload of {row}")
        for key in set(row) & set(event) - {"payload", "tags"}:
            value = "" if event[key] is None else str(event[key])
            need(row[key] == value, f"csv: {key} is {row[key]!r}, not {value!r}")


def check_sqlite(directory, events):
    database = sqlite3.connect(f"file:{directory / 'export.sqlite.txt'}?mode=ro", uri=True)
    need(database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], "integrity_check")
    need(database.execute("PRAGMA foreign_key_check").fetchall() == [], "foreign_key_check")
    rows = database.execute("SELECT seq, type, payload FROM events ORDER BY seq").fetchall()
    need(rows and [(seq, name, json.loads(payload)) for seq, name, payload in rows]
         == [(event["seq"], event["type"], event["payload"]) for event in events], "rows of sqlite")
    for (view,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall():
        database.execute(f'SELECT * FROM "{view}"').fetchall()
    database.close()


# OCSF


class Ocsf:
    """Holds records against the table of ocsf_1_8_0.json."""

    PRIMITIVE = {"integer_t": int, "long_t": int, "timestamp_t": int, "port_t": int, "object": dict,
                 "string_t": str, "username_t": str, "hostname_t": str, "ip_t": str}

    def __init__(self):
        table = json.loads((HERE / "ocsf_1_8_0.json").read_text(encoding="utf-8"))
        self.classes, self.profiles, self.objects = table["classes"], table["profiles"], table["objects"]

    def check_value(self, where, kind, value):
        if kind.endswith("[]"):
            need(isinstance(value, list) and value, f"{where}: not a list")
            for each in value:
                self.check_value(where, kind[:-2], each)
        elif kind in self.PRIMITIVE:
            need(type(value) is self.PRIMITIVE[kind], f"{where}: {value!r} is no {kind}")
            need(value != "", f"{where} is empty")
            if kind == "port_t":
                need(0 <= value <= 65535, f"{where}: {value}")
            if kind == "ip_t":
                ipaddress.ip_address(value)
            if kind == "timestamp_t":
                need(10**12 < value < 10**13, f"{where}: {value} are no milliseconds since 1970")
        else:
            need(isinstance(value, dict), f"{where}: not an object")
            self.check_object(where, self.objects[kind], value)

    def check_object(self, where, rules, value):
        for key in rules["required"]:
            need(key in value, f"{where}: {key} is not there")
        one_of = rules.get("at_least_one")
        need(not one_of or set(one_of) & set(value), f"{where}: none of {one_of}")
        for key, each in value.items():
            need(key in rules["attributes"], f"{where}: {key} is not in the table")
            self.check_value(f"{where}.{key}", rules["attributes"][key], each)
            if key in rules.get("enums", {}):
                need(each in rules["enums"][key], f"{where}: {key} cannot be {each!r}")
            # The id for "other" wants its own word beside it.
            if key.endswith("_id") and each == 99:
                beside = {"activity_id": "activity_name"}.get(key, key[:-len("_id")])
                need(value.get(beside), f"{where}: {key} is 99 without {beside}")

    def check(self, record):
        rules = self.classes[str(record["class_uid"])]
        rules = {**rules, "attributes": dict(rules["attributes"]), "enums": dict(rules["enums"])}
        for profile in record["metadata"].get("profiles", []):
            rules["attributes"].update(self.profiles[profile]["attributes"])
            rules["enums"].update(self.profiles[profile].get("enums", {}))
        where = record["unmapped"]["type"]
        self.check_object(where, rules, record)
        need(record["category_uid"] == rules["category"], f"{where}: category")
        need(record["type_uid"] == record["class_uid"] * 100 + record["activity_id"], f"{where}: type_uid")
        need(record["metadata"]["version"] == "1.8.0", f"{where}: version")


def check_ocsf(directory, events):
    table = Ocsf()
    records = [json.loads(line, object_pairs_hook=unique) for line in lines_of(directory / "export.ocsf.txt")]
    need(len(records) == len(events), f"{len(records)} records of {len(events)} events")
    for record, event in zip(records, events):
        table.check(record)
        need(record["metadata"]["sequence"] == event["seq"], "sequence")
        need(record["metadata"]["uid"] == event["event_id"], "uid")
        need(record["time"] == int(event["occurred_ns"]) // 10**6, "time")
        need(record["unmapped"]["payload"] == event["payload"], "payload")
    broken = {**records[0], "activity_id": 77}
    try:
        table.check(broken)
    except AssertionError:
        return
    raise AssertionError("the table of OCSF accepts anything")


# Syslog: the grammar of RFC 5424, 6, with the characters that have to be escaped in a value.

NAME = r'[!#-<>-\\^-~]{1,32}'
SYSLOG_LINE = re.compile(
    r'<(?P<pri>\d{1,3})>1 (?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) - phantom (?:-|[!-~]{1,128}) [!-~]{1,32} '
    rf'(?P<data>(?:\[{NAME}(?: {NAME}="(?:[^"\\\]]|\\["\\\]])*")*\])+) (?P<text>.*)')


def check_syslog_lines(directory, events):
    lines = lines_of(directory / "export.syslog.txt")
    for line, event in zip(lines, events, strict=True):
        found = SYSLOG_LINE.fullmatch(line)
        need(found, f"syslog: no line of RFC 5424: {line}")
        need(int(found["pri"]) == 8 * LOG_AUDIT + SYSLOG[event["severity"]], f"syslog: priority {found['pri']}")
        need(f' seq="{event["seq"]}" ' in found["data"], f"syslog: {found['data']}")
        for key, value in event["payload"].items():
            if isinstance(value, str) and value:
                escaped = re.sub(r'(["\\\]])', r"\\\1", value)
                need(f' {key}="{escaped}"' in found["data"], f"syslog: {key} in {found['data']}")


# CEF: fields by its rules for escapes.

CEF_LINE = re.compile(r"CEF:0\|((?:(?:[^|\\]|\\[|\\])*\|){6})(.*)")
CEF_FIELD = re.compile(r"(\w+)=((?:[^=\\]|\\[=\\nr])*?)(?: (?=\w+=)|$)")


def check_cef_lines(directory, events):
    for line, event in zip(lines_of(directory / "export.cef.txt"), events, strict=True):
        found = CEF_LINE.fullmatch(line)
        need(found, f"cef: no line of CEF: {line}")
        fields = list(CEF_FIELD.finditer(found[2]))
        need("".join(field[0] for field in fields) == found[2], f"cef: fields of {found[2]}")
        values = {field[1]: re.sub(r"\\([=\\])", r"\1", field[2]) for field in fields}
        need(len(values) == len(fields), f"cef: a key twice in {found[2]}")
        need(json.loads(values["cs6"]) == event["payload"], f"cef: {values['cs6']}")
        need(values["externalId"] == str(event["seq"]) and values["cs3"] == event["leaf_hash"], "cef: event")


# What readers of others, in node, understood


def understood(readers, directory, name):
    done = subprocess.run(["node", str(HERE / "export_readers.js"), name, str(directory / f"export.{name}.txt")],
                          env={**os.environ, "NODE_PATH": str(readers.resolve())}, capture_output=True, timeout=60)
    need(done.returncode == 0, f"{name}: the reader refuses it: {done.stderr.decode()[-1000:]}")
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def check_cloudevents(written, read, events):
    for sent, got, event in zip(written, read, events, strict=True):
        # The SDK keeps milliseconds of the time, and knows it as an instant.
        need(got["time"][:23] == sent["time"][:23] and got["time"].endswith("Z"), f"time {got['time']}")
        datetime.datetime.fromisoformat(got["time"].replace("Z", "+00:00"))
        need({**got, "time": sent["time"]} == sent, f"cloudevents: {got} of {sent}")
        need(got["id"] == event["event_id"] and got["data"] == event, "cloudevents: event")
        need(int(got["sequence"]) == event["seq"], "cloudevents: sequence")


def check_otlp(written, read, events):
    for sent, got, event in zip(written, read, events, strict=True):
        need(got == sent, f"otlp: {got}\nof {sent}")
        (resource,) = got["resourceLogs"]
        (scope,) = resource["scopeLogs"]
        (record,) = scope["logRecords"]
        values = {each["key"]: next(iter(each["value"].values())) for each in record["attributes"]}
        need(len(values) == len(record["attributes"]), "otlp: an attribute twice")
        need(values["phantom.seq"] == str(event["seq"]) and record["eventName"] == event["type"], "otlp: seq, type")
        need(record["observedTimeUnixNano"] == event["time_ns"], "otlp: time")
        need(record["severityNumber"] in OTLP[event["severity"]], f"otlp: severity of {event['type']}")
        for key, value in event["payload"].items():
            text = values.get(f"phantom.payload.{key}")
            if isinstance(value, (list, dict)) and value:
                need(json.loads(text) == value, f"otlp: {key}")
            elif text is not None:
                need(text == str(value), f"otlp: {key} is {text!r}, not {value!r}")
            else:
                need(value in (None, "", []), f"otlp: {key} is not there")


def check_syslog(read, events):
    for got, event in zip(read, events, strict=True):
        need(got["type"] == "RFC5424" and got["version"] == 1, f"syslog: {got}")
        need((got["facilityval"], got["levelval"]) == (LOG_AUDIT, SYSLOG[event["severity"]]), "syslog: priority")
        need((got["appName"], got["pid"]) == ("phantom", str(event["peer_pid"] or "-")), "syslog: header")
        need(got["messageid"].startswith(f"PH{event['type_no']}"), "syslog: message id")
        need(got["ts"][:23] == event["time"][:23], f"syslog: time {got['ts']}")
        if re.search(r'["\\\]]', event["payload"].get("command") or ""):
            continue  # this reader knows no escapes: check_syslog_lines does
        need(got["message"] == f"{event['type']} {event['outcome']}", f"syslog: message {got['message']}")
        envelope = got["structuredData"][0]
        need(envelope.pop("$id") == "phantom@32473", "syslog: name of the envelope")
        names = {"leaf": "leaf_hash", "id": "event_id", "actor": "actor_id", "agent": "agent_tool",
                 "ledger": "ledger_id"}
        for key, value in envelope.items():
            need(value == str(event[names.get(key, key)]), f"syslog: {key} is {value!r}")
        need({"seq", "leaf", "id", "type", "outcome"} <= set(envelope), f"syslog: {envelope}")
        payload = {key: value for element in got["structuredData"][1:] for key, value in element.items()}
        for key, value in event["payload"].items():
            # This reader takes quotes, brackets and spaces of values apart on its own terms.
            if isinstance(value, int) or isinstance(value, str) and value.isalnum():
                need(payload.get(key) == str(value), f"syslog: {key} is {payload.get(key)!r}, not {value!r}")


def check_cef(read, events):
    for got, event in zip(read, events, strict=True):
        header, fields = got["cef"], got["fields"]
        need(got["type"] == "CEF" and header["version"] == "CEF:0", f"cef: {got}")
        need((header["deviceVendor"], header["deviceProduct"], header["name"])
             == ("phantom", "phantom", event["type"]), f"cef: {header}")
        need(int(header["severity"]) in CEF[event["severity"]], f"cef: severity of {event['type']}")
        need(header["deviceEventClassID"].startswith(f"PH{event['type_no']}"), "cef: id")
        wanted = {"externalId": event["seq"], "rt": int(event["time_ns"]) // 10**6, "outcome": event["outcome"],
                  "start": int(event["occurred_ns"]) // 10**6, "reason": event["reason"],
                  "cs3": event["leaf_hash"], "cs4": event["event_id"], "cs5": event["ledger_id"]}
        for key, value in wanted.items():
            need(fields.get(key) == str(value), f"cef: {key} is {fields.get(key)!r}, not {value!r}")
        if "=" not in json.dumps(event["payload"]):  # the reader does not undo \=
            need(json.loads(fields["cs6"].replace("\\\\", "\\")) == event["payload"], f"cef: {fields['cs6']}")


def check_with_readers(readers, directory, events):
    written = lambda name: [json.loads(line) for line in lines_of(directory / f"export.{name}.txt")]
    check_cloudevents(written("cloudevents"), understood(readers, directory, "cloudevents"), events)
    if directory != GOLDEN:  # the golden one is pieces of a batch
        batch = json.loads((directory / "export.cloudevents-batch.txt").read_text(encoding="utf-8"))
        check_cloudevents(batch, understood(readers, directory, "cloudevents-batch"), events)
    check_otlp(written("otlp"), understood(readers, directory, "otlp"), events)
    check_syslog(understood(readers, directory, "syslog"), events)
    check_cef(understood(readers, directory, "cef"), events)


def check_that_readers_refuse(readers, golden, root):
    """An attribute whose name CloudEvents does not allow, a field that OTLP does not have."""
    for name, right, wrong in (("cloudevents", '"severitytext":', '"Severity_Text":'),
                               ("otlp", '"eventName":', '"eventname":')):
        line = lines_of(golden / f"export.{name}.txt")[0]
        need(right in line, f"{name}: {line}")
        broken = root / "broken"
        broken.mkdir(exist_ok=True)
        (broken / f"export.{name}.txt").write_text(line.replace(right, wrong) + "\n", encoding="utf-8")
        try:
            read = understood(readers, broken, name)
        except AssertionError:
            continue
        need(read != [json.loads(line.replace(right, wrong))], f"{name}: the reader accepts anything")


def main(arguments):
    readers = None
    if len(arguments) == 2 and arguments[0] == "--readers":
        readers = pathlib.Path(arguments[1])
        if not shutil.which("node") or not all((readers / file).exists() for file in READERS):
            print("export_formats: node or the readers are not there; tools/install fetches them with npm")
            return SKIPPED_CODE
    elif arguments:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="phantom-export-") as directory:
        root = pathlib.Path(directory)
        ledger = Ledger(root)
        ledger.make()
        ledger.export()
        for where in (GOLDEN, root):
            events = check_jsonl(where)
            types = {event["type"] for event in events}
            need(where == GOLDEN or AWKWARD in [event["payload"].get("command") for event in events], AWKWARD)
            need(len(types) >= TYPES_MIN, f"only {len(types)} types: {sorted(types)}")
            if readers:
                check_with_readers(readers, where, events)
                continue
            check_csv(where, events)
            check_ocsf(where, events)
            check_syslog_lines(where, events)
            check_cef_lines(where, events)
            if where != GOLDEN:
                check_sqlite(where, events)
        if readers:
            check_that_readers_refuse(readers, GOLDEN, root)
    print(f"export_formats: {len(events)} events of {len(types)} types, and the golden exports, are read alike")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except AssertionError as failed:
        print(f"export_formats: {failed}", file=sys.stderr)
        sys.exit(1)
