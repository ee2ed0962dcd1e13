#!/usr/bin/env python3
"""phantom sync and pull against six platforms on the loopback interface.

usage: PHANTOM_BIN=build/.../phantom sync_platforms.py
"""

import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import tempfile

try:
    from platform_servers import TOKENS, Server
except ImportError as missing:  # PyNaCl opens what is sealed for GitHub
    print(f"skipped: {missing}")
    sys.exit(77)

PHANTOM = pathlib.Path(os.environ["PHANTOM_BIN"]).resolve()
CANARY = "canary5f0c2e9ab17d4468"

TABLES = """
[[sync]]
platform = "vercel"
project = "prj_1"
account = "team_1"
token = "VERCEL_API"
api = "{url}"
environments = {{ dev = {vercel} }}
only = {only}

[[sync]]
platform = "railway"
project = "p-1"
service = "s-1"
token = "RAILWAY_API"
api = "{url}"
environments = {{ dev = "e-1" }}
only = {only}

[[sync]]
platform = "github"
project = "o/r"
token = "GH_API"
api = "{url}"
environments = {{ dev = ["repository", "staging"] }}
only = {only}

[[sync]]
platform = "fly"
project = "app-1"
token_env = "FLY_API_VARIABLE"
api = "{url}"
environments = {{ dev = "app" }}
only = {only}

[[sync]]
platform = "netlify"
project = "site-1"
account = "acc-1"
token = "NETLIFY_API"
api = "{url}"
environments = {{ dev = "production" }}
only = {only}

[[sync]]
platform = "cloudflare"
project = "worker"
account = "acc-1"
token = "CF_API"
api = "{url}"
environments = {{ dev = "script" }}
only = {only}

[[sync]]
platform = "cloudflare"
kind = "pages"
project = "site"
account = "acc-1"
token = "CF_API"
api = "{url}"
environments = {{ dev = "production", stage = "preview" }}
only = {only}
"""


def need(condition, text):
    if not condition:
        raise AssertionError(text)


def same(got, wanted, text):
    need(got == wanted, f"{text}: {got!r}, not {wanted!r}")


class Project:
    """A project with its own home, and all that was ever printed in it."""

    def __init__(self, root, server):
        self.server = server
        self.root = root / "project"
        self.root.mkdir(parents=True)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(root),
                            "PHANTOM_HOME": str(root / "home"),
                            "FLY_API_VARIABLE": TOKENS["fly"]}
        self.home = root / "home"
        self.printed = ""
        self.phantom("init", "--empty", "--key-file")
        self.plain_config = (self.root / ".phantom.toml").read_text()
        for name, platform in (("VERCEL_API", "vercel"), ("RAILWAY_API", "railway"),
                               ("GH_API", "github"), ("NETLIFY_API", "netlify"),
                               ("CF_API", "cloudflare")):
            self.add(name, TOKENS[platform])

    def phantom(self, *words, code=0, value=None):
        done = subprocess.run([PHANTOM, *words], env=self.environment, cwd=self.root,
                              input=value, capture_output=True, text=True, timeout=60)
        self.printed += done.stdout + done.stderr
        need(done.returncode == code, f"{' '.join(words)}: {done.returncode}, not {code}\n"
                                      f"{done.stdout}{done.stderr}")
        self.notes = done.stderr
        return done.stdout

    def add(self, name, value):
        self.phantom("add", name, "--stdin", value=value)

    def sync(self, platform, *words, code=0):
        text = self.phantom("sync", "--platform", platform, "--json", *words, code=code)
        return json.loads(text)

    def items(self, platform, *words, code=0):
        """name -> "action result" of a platform's first place."""
        report = self.sync(platform, *words, code=code)
        return {each["remote_name"]: f"{each['action']} {each['result']}"
                for each in report["targets"][0]["items"]}

    def configure(self, vercel='"production"', only='["APP_*"]', more=""):
        text = TABLES.format(url=self.server.url, vercel=vercel, only=only)
        (self.root / ".phantom.toml").write_text(self.plain_config + text + more)

    def accept(self):
        child, master = pty.fork()
        if child == 0:
            os.chdir(self.root)
            os.execve(PHANTOM, [str(PHANTOM), "config", "accept"], self.environment)
        shown = b""
        asked = False
        while True:
            try:
                piece = os.read(master, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
            if b"Type yes" in shown and not asked:
                asked = True
                os.write(master, b"yes\n")
        os.close(master)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        need(code == 0, shown.decode(errors="replace"))
        return shown.decode()

    def events(self, kind):
        lines = self.phantom("audit", "show", "--type", kind, "--json").splitlines()
        return [json.loads(line) for line in lines]


# What happens everywhere.

def stored(server, platform):
    """name -> value at the platform's first place."""
    return {
        "vercel": lambda: {each["key"]: each["value"] for each in server.vercel
                           if "production" in each["target"]},
        "railway": lambda: server.railway,
        "github": lambda: {name: value for (place, name), value in server.github.items()
                           if place == "actions"},
        "fly": lambda: server.fly,
        "netlify": lambda: {key: one["value"] for key, there in server.netlify.items()
                            for one in there["values"] if one["context"] == "production"},
        "cloudflare": lambda: server.workers,
    }[platform]()


def nothing_goes_to_a_place_nobody_accepted(project, server):
    project.configure()
    project.phantom("sync", "--platform", "fly", code=77)
    need("nobody has accepted" in project.notes, project.notes)
    project.phantom("pull", "--from", "railway", code=77)
    same(server.requests, [], "requests before the configuration was accepted")
    shown = project.accept()
    for part in ("sync vercel prj_1 production from dev", "VERCEL_API", server.url):
        need(part in shown, f"{part} is not in the question:\n{shown}")


def each_platform_gets_what_it_lacks_and_is_changed_later(project, server):
    values = {"APP_ONE": f"{CANARY}-one \"quoted\" \\ \u00e4", "APP_TWO": f"{CANARY}-two"}
    for name, value in values.items():
        project.add(name, value)
    planned = project.sync("vercel", "--dry-run")
    same([each["result"] for each in planned["targets"][0]["items"]], ["planned", "planned"], "plan")
    same(len(server.vercel), 0, "variables after a dry run")
    everywhere = json.loads(project.phantom("sync", "--json"))
    same((everywhere["done"], everywhere["failed"]), (16, 0), "items of eight places")
    for platform in TOKENS:
        same(stored(server, platform), values, platform)
    same(server.github[("environments/staging", "APP_TWO")], values["APP_TWO"], "staging")
    same(server.pages["production"]["APP_ONE"]["value"], values["APP_ONE"], "pages")
    same(server.pages["preview"], {}, "pages of another environment")
    same(server.vercel[0]["type"], "sensitive", "kind of a variable for production")
    need(server.netlify["APP_ONE"]["is_secret"], "a value anybody can read at netlify")
    need(server.connections < len(server.requests), "no connection was kept")
    # Values that can be read there are compared; all others are written again.
    same(project.items("railway"),
         {name: "unchanged unchanged" for name in values}, "railway again")
    values["APP_TWO"] = f"{CANARY}-two-new"
    project.add("APP_TWO", values["APP_TWO"])
    for platform in TOKENS:
        got = project.items(platform)
        same(got["APP_TWO"], "update done", f"{platform} after a change")
        same(stored(server, platform), values, platform)
    same(len(server.vercel), 2, "variables at vercel")


def both_events_of_every_item_are_on_record(project, _server):
    requested, completed = (project.events("sync.item." + word) for word in ("requested", "completed"))
    same(len(requested), len(completed), "events")
    need(all(each["outcome"] == "ok" for each in completed), "an item that did not end well")
    same({each["payload"]["platform"] for each in completed}, set(TOKENS), "platforms on record")


def tokens_of_platforms_go_nowhere(project, server):
    project.configure(only='["*"]')
    project.accept()
    project.phantom("sync", "VERCEL_API", "--platform", "fly", code=77)
    project.add("APP_COPY", TOKENS["fly"])  # the same token under another name
    got = project.items("fly", code=1)
    same(got["APP_COPY"], "blocked platform-token", "a copied token")
    need(not any(TOKENS[each] in body for _, _, body in server.requests for each in TOKENS),
         "a token went into a body")
    need(not {"VERCEL_API", "RAILWAY_API", "GH_API"} & set(server.fly), "a token at fly")
    project.phantom("remove", "APP_COPY", "--yes")
    project.configure()
    project.accept()


def a_value_for_preview_never_overwrites_production(project, server):
    before = [dict(each) for each in server.vercel]
    server.vercel[1]["target"] = ["production", "preview"]
    project.configure(vercel='["preview", "development"]')
    project.accept()
    same(project.items("vercel", code=1), {"APP_ONE": "create done", "APP_TWO": "blocked shared"},
         "preview beside production")
    same([each["value"] for each in server.vercel[:2]], [each["value"] for each in before],
         "values of production")
    same(server.vercel[2]["target"], ["preview", "development"], "places of the new variable")
    same(server.vercel[2]["type"], "encrypted", "kind of a variable for development")
    same(project.items("vercel", "APP_ONE"), {"APP_ONE": "unchanged unchanged"}, "vercel again")
    server.vercel[1]["target"] = ["production"]
    del server.vercel[2]
    project.configure()
    project.accept()


def refusals_and_failures_are_told_apart(project, server):
    created = len(server.sent("POST /v10"))
    for status, word, code in ((401, "denied", 1), (403, "denied", 1), (404, "not-found", 1),
                               (503, "server-error", 75)):
        later = {"Retry-After": "86400"} if status == 503 else {}
        server.fail("GET /v10/projects", "status", status=status, fields=later)
        report = project.sync("vercel", code=code)
        same(report["targets"][0]["list"], word, f"a list that ends with {status}")
        same({each["result"] for each in report["targets"][0]["items"]}, {"not-tried"}, "items")
        same(len(server.sent("POST /v10")), created, "creates after a failed list")
    for status, word in ((409, "conflict"), (422, "invalid"), (400, "invalid")):
        server.fail("PUT /client/v4/accounts/acc-1/workers", "status", status=status,
                    body={"success": False, "errors": [{"message": f"{CANARY}-one is bad"}]})
        got = project.items("cloudflare", code=1)
        same(got, {"APP_ONE": f"update {word}", "APP_TWO": "update done"}, f"a {status}")
    server.fail("setSecrets", "status", status=200,
                body={"data": None, "errors": [{"message": f"cannot store {CANARY}-one"}]})
    same(project.items("fly", code=1)["APP_ONE"], "update refused", "errors in a 200")
    server.fail("public-key", "status", status=404)
    report = project.sync("github", code=1)
    same({each["result"] for each in report["targets"][0]["items"]}, {"not-tried"}, "no key")
    same({each["result"] for each in report["targets"][1]["items"]}, {"done"}, "the other place")
    failed = [each for each in project.events("sync.item.completed") if each["outcome"] != "ok"]
    same({each["reason"] for each in failed}, {"conflict", "remote-refused"}, "reasons on record")


def what_passes_is_waited_out(project, server):
    server.fail("variableUpsert", "status", status=429, fields={"Retry-After": "1"})
    server.fail("variables(", "status", status=500)
    project.add("APP_TWO", f"{CANARY}-two-third")
    report = project.sync("railway")
    attempts = [each["attempts"] for each in report["targets"][0]["items"] if each["action"] == "update"]
    same(attempts, [2], "attempts after a limit")
    server.fail("PUT /client", "drop")
    same(project.items("cloudflare")["APP_ONE"], "update done", "a dropped connection")
    server.fail("GET /api/v1", "slow")
    same(project.items("netlify")["APP_ONE"], "update done", "a slow answer")
    server.fail("PUT /repos", "status", times=2, status=429, fields={"Retry-After": "86400"})
    report = project.sync("github", "APP_ONE", code=75)
    same(report["targets"][0]["items"][0]["result"], "rate-limited", "a limit for a day")


def a_create_that_was_lost_is_not_made_twice(project, server):
    project.add("APP_NEW", f"{CANARY}-new")
    server.fail("POST /v10", "act-and-drop")
    same(project.items("vercel", "APP_NEW"), {"APP_NEW": "create done"}, "a lost answer")
    same(sum(each["key"] == "APP_NEW" for each in server.vercel), 1, "variables")
    server.fail("POST /api/v1", "drop")
    same(project.items("netlify", "APP_NEW"), {"APP_NEW": "create done"}, "a lost request")


def a_killed_run_is_finished_by_the_next(project, server):
    project.add("APP_NEW", f"{CANARY}-newer")
    before = len(project.events("sync.item.completed"))
    server.fail("APP_NEW", "hold")
    child = subprocess.Popen([PHANTOM, "sync", "--platform", "fly"], env=project.environment,
                             cwd=project.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    need(server.held.wait(30), "the item was not sent")
    child.send_signal(signal.SIGKILL)
    child.wait()
    server.released.set()
    requested, completed = (project.events("sync.item." + word) for word in ("requested", "completed"))
    open_ones = {each["seq"] for each in requested} - {each["cause_seq"] for each in completed}
    same(len(open_ones), 1, "items that nobody knows the end of")
    last = [each for each in requested if each["seq"] in open_ones][0]
    same(last["payload"]["secret_name"], "APP_NEW", "the open item")
    same(project.items("fly")["APP_NEW"], "update done", "the next run")
    same(server.fly["APP_NEW"], f"{CANARY}-newer", "the value there")
    completed = project.events("sync.item.completed")
    same(len(completed) - before, 3, "items that ended")  # none before the kill, three after it
    need(not open_ones & {each["cause_seq"] for each in completed}, "the killed item was completed")


def prune_deletes_what_phantom_put_there(project, server):
    server.fly["FOREIGN"] = "x"
    server.fly["APP_FOREIGN"] = "x"
    server.netlify["APP_NEW"]["values"].append({"id": "v99", "context": "dev", "value": "x"})
    project.phantom("remove", "APP_NEW", "--yes")
    same(set(project.items("fly")), {"APP_ONE", "APP_TWO"}, "items without --prune")
    need("APP_NEW" in server.fly, "something was deleted without --prune")
    for platform in ("fly", "vercel", "netlify"):
        got = project.sync(platform, "--prune")["targets"][0]
        same({each["remote_name"]: each["result"] for each in got["items"]
              if each["action"] == "delete"}, {"APP_NEW": "done"}, f"deleted at {platform}")
        if platform == "fly":
            same(got["left"], ["APP_FOREIGN"], "left alone")
        need("APP_NEW" not in stored(server, platform), f"still at {platform}")
    same(server.netlify["APP_NEW"]["values"], [{"id": "v99", "context": "dev", "value": "x"}],
         "the value of another context")
    need({"FOREIGN", "APP_FOREIGN"} <= set(server.fly), "what phantom did not put there is gone")


def long_lists_are_read_to_their_end(project, server):
    for number in range(150):
        server.github[("actions", f"OTHER_{number:03}")] = "x"
        server.vercel.insert(0, {"id": f"o{number}", "key": f"OTHER_{number}", "type": "plain",
                                 "value": "x", "target": ["production"]})
    same(project.items("github")["APP_TWO"], "update done", "a name on the second page")
    same(project.items("vercel")["APP_TWO"], "update done", "a name on the last page")
    same(len(server.sent("page=2")), 2 if server.sent("staging/secrets?per_page=100&page=2") else 1,
         "second pages")
    server.fail("page=2", "status", status=403)
    report = project.sync("github", code=1)
    same(report["targets"][0]["list"], "denied", "a list whose second page is refused")


def bad_command_lines_are_usage_errors(project, server):
    asked = len(server.requests)
    project.phantom("sync", "--only", "[A-Z]*", code=2)
    project.phantom("sync", "--platform", "heroku", code=2)
    project.phantom("sync", "NO_SUCH", code=66)
    project.phantom("sync", "--env", "nowhere", code=66)
    project.phantom("pull", code=2)
    same(len(server.requests), asked, "requests")
    same(set(project.items("fly", "--only", "*_ONE", "--only", "*_THREE")), {"APP_ONE"}, "--only")
    # From the configuration too.
    project.configure(only='["APP_[A-Z]"]')
    project.phantom("sync", code=65)
    project.configure()


def pull_takes_what_can_be_read(project, server):
    server.railway.update({"APP_REMOTE": f"{CANARY}-remote", "APP_ONE": f"{CANARY}-other",
                           "RAILWAY_API": "x", "APP_EMPTY": "", "APP BAD": "x"})

    def pull(*words, code=1):
        report = json.loads(project.phantom("pull", "--from", "railway", "--json", *words, code=code))
        return {each["remote_name"]: each["result"] for each in report["items"]}
    wanted = {"APP_REMOTE": "added", "APP_ONE": "exists", "APP_TWO": "exists",
              "APP_EMPTY": "bad-value", "APP BAD": "bad-name"}
    same(pull("--dry-run"), wanted, "what a pull would take")
    need("APP_REMOTE" not in project.phantom("list"), "a dry run stored something")
    same(pull(), wanted, "what a pull takes")
    del server.railway["APP_EMPTY"], server.railway["APP BAD"]
    same(pull(code=0), {**{name: "exists" for name in ("APP_ONE", "APP_TWO", "APP_REMOTE")}}, "again")
    same(pull("--replace", code=0), {"APP_ONE": "replaced", "APP_TWO": "unchanged",
                                     "APP_REMOTE": "unchanged"}, "with --replace")
    same(project.items("railway")["APP_ONE"], "unchanged unchanged", "what was pulled")
    same(len(project.events("sync.pull.requested")), 4, "pulls on record")
    same([each["outcome"] for each in project.events("sync.pull.completed")], ["ok"] * 4, "their ends")
    project.phantom("pull", "--from", "github", code=3)
    project.phantom("pull", "--from", "fly", code=3)
    project.phantom("pull", "--from", "cloudflare", code=65)  # a script and a Pages project
    server.fail("variables(", "status", status=503, fields={"Retry-After": "86400"})
    project.phantom("pull", "--from", "railway", code=75)


def no_value_is_printed_or_recorded(project, _server):
    project.phantom("audit", "show", "--last", "400")
    project.phantom("audit", "show", "--last", "400", "--json")
    for word in (CANARY, *TOKENS.values()):
        need(word not in project.printed, f"{word} was printed")
        for file in project.home.rglob("*"):
            if file.is_file():
                need(word.encode() not in file.read_bytes(), f"{word} is in {file}")
    project.phantom("audit", "verify")


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Server()
        project = Project(pathlib.Path(folder), server)
        try:
            for test in (nothing_goes_to_a_place_nobody_accepted,
                         each_platform_gets_what_it_lacks_and_is_changed_later,
                         both_events_of_every_item_are_on_record, tokens_of_platforms_go_nowhere,
                         a_value_for_preview_never_overwrites_production,
                         refusals_and_failures_are_told_apart, what_passes_is_waited_out,
                         a_create_that_was_lost_is_not_made_twice,
                         a_killed_run_is_finished_by_the_next, prune_deletes_what_phantom_put_there,
                         long_lists_are_read_to_their_end, bad_command_lines_are_usage_errors,
                         pull_takes_what_can_be_read, no_value_is_printed_or_recorded):
                test(project, server)
                print("ok", test.__name__)
        finally:
            server.close()


if __name__ == "__main__":
    main()
