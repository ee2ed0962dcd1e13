"""Six platforms on the loopback interface, as far as phantom talks to them, in the shapes they publish.

Server.state[platform] is what each has; Server.fail(...) makes requests go wrong.
"""

import base64
import http.server
import json
import re
import socket
import struct
import threading
import urllib.parse

from nacl.public import PrivateKey, SealedBox

TOKENS = {name: f"token-of-{name}-0123456789abcdef" for name in
          ("vercel", "railway", "github", "fly", "netlify", "cloudflare")}


class Fault:
    """The next `times` requests whose "METHOD path body" has `part` in it end as `how` says."""

    def __init__(self, part, how, times=1, **more):
        self.part, self.how, self.times, self.more = part, how, times, more


class Server:
    def __init__(self):
        self.lock = threading.RLock()
        self.faults = []
        self.requests = []  # (method, path, body)
        self.connections = 0
        self.held = threading.Event()     # a request is being held
        self.released = threading.Event()
        self.key = PrivateKey.generate()
        self.vercel = []        # entries
        self.railway = {}       # name -> value
        self.github = {}        # (place, NAME) -> value
        self.fly = {}           # name -> value
        self.netlify = {}       # key -> {"is_secret", "values": [..]}
        self.workers = {}       # name -> value
        self.pages = {"production": {}, "preview": {}}
        self.ids = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                with outer.lock:
                    outer.connections += 1

            def log_message(self, *_):
                pass

            def handle_any(self):
                outer.handle(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.released.set()
        self.http.shutdown()
        self.http.server_close()

    def fail(self, part, how, times=1, **more):
        self.faults.append(Fault(part, how, times, **more))

    def new_id(self, prefix):
        self.ids += 1
        return f"{prefix}{self.ids}"

    def sent(self, part):
        return [each for each in self.requests if part in f"{each[0]} {each[1]}"]

    # One request.

    def handle(self, request):
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0)).decode()
        line = f"{request.command} {request.path} {body}"
        with self.lock:
            self.requests.append((request.command, request.path, body))
            fault = next((each for each in self.faults if each.times > 0 and each.part in line), None)
            if fault:
                fault.times -= 1
        if fault and fault.how == "hold":
            with self.lock:
                self.answer(request, body)  # it was acted on, nobody hears of it
            self.held.set()
            self.released.wait(20)
            return self.drop(request)
        if fault and fault.how == "drop":
            return self.drop(request)
        if fault and fault.how == "act-and-drop":
            with self.lock:
                self.answer(request, body)
            return self.drop(request)
        if fault and fault.how == "status":
            return self.send(request, fault.more["status"], fault.more.get("body", {}),
                             fault.more.get("fields", {}))
        with self.lock:
            status, answer = self.answer(request, body)
        self.send(request, status, answer, {}, slow=bool(fault and fault.how == "slow"))
        return None

    @staticmethod
    def drop(request):
        request.close_connection = True
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.connection.close()
        request.wfile = open("/dev/null", "wb")

    @staticmethod
    def send(request, status, answer, fields, slow=False):
        data = b"" if answer is None else json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(data)))
        for name, value in fields.items():
            request.send_header(name, value)
        request.end_headers()
        for at in range(0, len(data), 7 if slow else len(data) or 1):
            request.wfile.write(data[at:at + (7 if slow else len(data))])
            request.wfile.flush()

    def answer(self, request, body):
        path, _, text = request.path.partition("?")
        query = dict(urllib.parse.parse_qsl(text))
        for pattern, platform in ((r"^/v\d+/projects/", "vercel"), (r"^/graphql/v2$", "railway"),
                                  (r"^/repos/", "github"), (r"^/graphql$", "fly"),
                                  (r"^/api/v1/accounts/", "netlify"),
                                  (r"^/client/v4/accounts/", "cloudflare")):
            if re.match(pattern, path):
                if request.headers.get("Authorization") != "Bearer " + TOKENS[platform]:
                    return 401, {"message": "Bad credentials", "error": {"code": "forbidden"}}
                parsed = json.loads(body) if body else None
                return getattr(self, "do_" + platform)(request.command, path, query, parsed)
        return 404, {"message": "no such path " + path}

    # Each platform.

    def do_vercel(self, method, path, query, body):
        found = re.match(r"^/(v9|v10)/projects/prj_1/env(?:/(\w+))?$", path)
        if not found or query.get("teamId") != "team_1":
            return 404, {"error": {"code": "not_found", "message": "Project not found."}}
        if method == "GET":
            size = 2  # small pages, so that there are several
            start = int(query.get("until", 0))
            shown = []
            for each in self.vercel[start:start + size]:
                each = dict(each)
                readable = each["type"] == "plain" or (each["type"] == "encrypted" and
                                                       query.get("decrypt") == "true")
                each["decrypted"] = readable and each["type"] != "plain"
                if not readable:
                    each["value"] = "eyJ2IjoidjIifQ=="
                shown.append(each)
            more = start + size < len(self.vercel)
            return 200, {"envs": shown, "pagination": {"count": len(shown), "prev": None,
                                                       "next": start + size if more else None}}
        entry = next((each for each in self.vercel if each["id"] == found.group(2)), None)
        if method == "POST" and found.group(1) == "v10":
            for each in self.vercel:
                if each["key"] == body["key"] and set(each["target"]) & set(body["target"]):
                    return 400, {"error": {"code": "ENV_CONFLICT", "message": "Another variable"}}
            made = {"id": self.new_id("env"), "key": body["key"], "value": body["value"],
                    "type": body["type"], "target": body["target"]}
            self.vercel.append(made)
            return 201, {"created": made, "failed": []}
        if entry is None:
            return 404, {"error": {"code": "not_found", "message": "no such variable"}}
        if method == "PATCH" and found.group(1) == "v9":
            entry["value"] = body["value"]
            return 200, entry
        if method == "DELETE" and found.group(1) == "v9":
            self.vercel.remove(entry)
            return 200, entry
        return 405, {}

    def do_railway(self, method, _path, _query, body):
        if method != "POST":
            return 405, {}
        variables = body["variables"]
        ids = variables.get("input", variables)
        if (ids["projectId"], ids["environmentId"], ids.get("serviceId")) != ("p-1", "e-1", "s-1"):
            return 200, {"errors": [{"message": "Not Authorized"}], "data": None}
        if "variableUpsert" in body["query"]:
            self.railway[ids["name"]] = ids["value"]
            return 200, {"data": {"variableUpsert": True}}
        if "variableDelete" in body["query"]:
            self.railway.pop(ids["name"], None)
            return 200, {"data": {"variableDelete": True}}
        return 200, {"data": {"variables": {"RAILWAY_SERVICE_ID": "s-1", **self.railway}}}

    def do_github(self, method, path, query, body):
        found = re.match(r"^/repos/o/r/(actions|environments/staging)/secrets(?:/([\w-]+))?$", path)
        if not found:
            return 404, {"message": "Not Found"}
        place, name = found.groups()
        if name == "public-key":
            return 200, {"key_id": "k1",
                         "key": base64.b64encode(bytes(self.key.public_key)).decode()}
        if method == "GET":
            names = sorted(key[1] for key in self.github if key[0] == place)
            start = (int(query.get("page", 1)) - 1) * int(query["per_page"])
            shown = names[start:start + int(query["per_page"])]
            return 200, {"total_count": len(names), "secrets": [
                {"name": each, "created_at": "2024-01-01T00:00:00Z",
                 "updated_at": "2024-01-01T00:00:00Z"} for each in shown]}
        key = (place, name.upper())
        if method == "PUT":
            if body["key_id"] != "k1":
                return 422, {"message": "Invalid request"}
            there = key in self.github
            sealed = base64.b64decode(body["encrypted_value"], validate=True)
            self.github[key] = SealedBox(self.key).decrypt(sealed).decode()
            return (204, None) if there else (201, {})
        if method == "DELETE" and self.github.pop(key, None) is not None:
            return 204, None
        return 404, {"message": "Not Found"}

    def do_fly(self, method, _path, _query, body):
        variables = body["variables"]
        given = variables.get("input", {})
        if method != "POST" or given.get("appId", variables.get("name")) != "app-1":
            return 200, {"data": {"app": None}, "errors": [
                {"message": "Could not find App", "extensions": {"code": "NOT_FOUND"}}]}
        if "unsetSecrets" in body["query"]:
            for key in given["keys"]:
                self.fly.pop(key, None)
            return 200, {"data": {"unsetSecrets": {"release": None}}}
        if "setSecrets" in body["query"]:
            for each in given["secrets"]:
                self.fly[each["key"]] = each["value"]
            return 200, {"data": {"setSecrets": {"release": {"id": "1"}}}}
        return 200, {"data": {"app": {"secrets": [
            {"name": name, "digest": "0123456789abcdef", "createdAt": "2024-01-01T00:00:00Z"}
            for name in self.fly]}}}

    def do_netlify(self, method, path, query, body):
        found = re.match(r"^/api/v1/accounts/acc-1/env(?:/(\w+)(?:/value/(\w+))?)?$", path)
        if not found or query.get("site_id") != "site-1":
            return 404, {"code": 404, "message": "Not Found"}
        key, value = found.groups()
        if method == "GET":
            return 200, [{"key": each, "scopes": ["builds"], "is_secret": there["is_secret"],
                          "values": [{**one, "value": "" if there["is_secret"] else one["value"]}
                                     for one in there["values"]]}
                         for each, there in self.netlify.items()]
        if method == "POST":
            for each in body:
                if each["key"] in self.netlify:
                    return 422, {"message": "already exists"}
                self.netlify[each["key"]] = {
                    "is_secret": each["is_secret"],
                    "values": [{"id": self.new_id("v"), **one} for one in each["values"]]}
            return 201, body
        there = self.netlify.get(key)
        if there is None:
            return 404, {"message": "Not Found"}
        if method == "PATCH":
            there["values"] = [one for one in there["values"] if one["context"] != body["context"]]
            there["values"].append({"id": self.new_id("v"), **body})
            return 201, there
        if method == "DELETE":
            if value is None:
                del self.netlify[key]
            else:
                there["values"] = [one for one in there["values"] if one["id"] != value]
            return 204, None
        return 405, {}

    def do_cloudflare(self, method, path, _query, body):
        def good(result):
            return {"success": True, "errors": [], "messages": [], "result": result}
        base = "/client/v4/accounts/acc-1"
        if path == base + "/pages/projects/site":
            if method == "PATCH":
                for place, config in body["deployment_configs"].items():
                    for name, value in config["env_vars"].items():
                        if value is None:
                            self.pages[place].pop(name, None)
                        else:
                            self.pages[place][name] = value
            shown = {place: {"env_vars": {
                name: {"type": each["type"],
                       "value": "" if each["type"] == "secret_text" else each["value"]}
                for name, each in there.items()} or None} for place, there in self.pages.items()}
            return 200, good({"name": "site", "deployment_configs": shown})
        found = re.match(base + r"/workers/scripts/worker/secrets(?:/(\w+))?$", path)
        if not found:
            return 404, {"success": False, "errors": [{"code": 10007, "message": "not found"}]}
        if method == "PUT" and body["type"] == "secret_text":
            self.workers[body["name"]] = body["text"]
            return 200, good({"name": body["name"], "type": "secret_text"})
        if method == "DELETE" and self.workers.pop(found.group(1), None) is not None:
            return 200, good(None)
        if method == "GET":
            return 200, good([{"name": name, "type": "secret_text"} for name in self.workers])
        return 404, {"success": False, "errors": [{"code": 10056, "message": "not found"}]}
