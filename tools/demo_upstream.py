#!/usr/bin/env python3
"""An API over TLS to try phantom against: it has its own certificate authority and wants a key.

usage: demo_upstream.py --dir DIR [--port N] [--expect-sha256 HEX] [--header NAME] [--prefix TEXT]

Writes into DIR: ca.pem (trust this), server.pem (certificate and key), and, when it is ready to
serve, port. Serves 127.0.0.1 only, until SIGTERM.

The key it wants is known to it only by its SHA-256; keys are never printed. Without
--expect-sha256 no key is right. A request with another key gets 401 on every path but /v1/open.

  GET  /v1/models          JSON
  POST /v1/chat            JSON: how many bytes came, and whether the key was right
  POST /v1/stream          text/event-stream, 5 events, 200 ms apart, chunked
  GET  /v1/slow            an answer after --slow-ms
  GET  /v1/status/<code>   that status
  GET  /v1/bytes/<n>       n bytes
  GET  /v1/headers         JSON: names of the request's headers, lower case, in order
  GET  /v1/redirect        302 to /v1/models
  GET  /v1/abort           half an answer, then the connection is closed
  GET  /v1/count           JSON: requests served so far
  GET  /v1/open            JSON, with or without a key
"""

import argparse
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import threading
import time

CHUNK = bytes(range(256)) * 256


def make_certificates(directory):
    """A fresh authority and a certificate of it for 127.0.0.1 and localhost, good for a week."""
    def openssl(*arguments):
        done = subprocess.run(["openssl", *arguments], cwd=directory, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise SystemExit(f"demo_upstream: openssl {arguments[0]}: {done.stdout.decode()}")

    old = os.umask(0o077)
    try:
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "7",
                "-subj", "/CN=phantom demo authority",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj",
                "/CN=phantom demo upstream")
        (directory / "server.ext").write_text(
            "subjectAltName=IP:127.0.0.1,DNS:localhost\n"
            "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                "-CAcreateserial", "-days", "7", "-extfile", "server.ext", "-out", "server.crt")
        (directory / "server.pem").write_bytes(
            (directory / "server.crt").read_bytes() + (directory / "server.key").read_bytes())
    finally:
        os.umask(old)
    for name in ("ca.key", "ca.srl", "server.key", "server.csr", "server.ext", "server.crt"):
        (directory / name).unlink(missing_ok=True)


class Upstream(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, options, context):
        super().__init__(("127.0.0.1", options.port), Handler)
        self.options = options
        self.context = context
        self.served = 0
        self.lock = threading.Lock()

    def finish_request(self, request, client_address):
        # Here, on the connection's own thread, so that a slow handshake holds up nobody else.
        request.settimeout(120)
        with self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)

    def handle_error(self, request, client_address):
        kind = sys.exc_info()[0]
        if kind is not None and not issubclass(kind, (OSError, ssl.SSLError)):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "demo-upstream"
    sys_version = ""
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def read_body(self):
        """Length of the request's body, read and dropped."""
        total = 0
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while True:
                size = int(self.rfile.readline(64).split(b";")[0], 16)
                left = size
                while left:
                    part = self.rfile.read(min(left, 65536))
                    if not part:
                        raise ConnectionError("body ended early")
                    left -= len(part)
                total += size
                self.rfile.readline(8)
                if size == 0:
                    return total
        left = int(self.headers.get("Content-Length", "0"))
        while left:
            part = self.rfile.read(min(left, 65536))
            if not part:
                raise ConnectionError("body ended early")
            left -= len(part)
            total += len(part)
        return total

    def key_is_right(self):
        options = self.server.options
        value = self.headers.get(options.header, "")
        if not options.expect_sha256 or not value.startswith(options.prefix):
            return False
        digest = hashlib.sha256(value[len(options.prefix):].encode("latin-1")).hexdigest()
        return hmac.compare_digest(digest, options.expect_sha256)

    def send_json(self, value, status=200, headers=()):
        body = (json.dumps(value) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, text in headers:
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(1, 6):
            if number > 1:
                time.sleep(0.2)
            event = f"data: {json.dumps({'n': number})}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def send_bytes(self, count):
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(count))
        self.end_headers()
        while count > 0:
            part = CHUNK[:count]
            self.wfile.write(part)
            count -= len(part)

    def send_half(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 500)
        self.wfile.flush()
        self.close_connection = True

    def answer(self):
        body_bytes = self.read_body()
        with self.server.lock:
            self.server.served += 1
            served = self.server.served
        path = self.path.split("?")[0]
        right = self.key_is_right()
        if path == "/v1/open":
            self.send_json({"key": right})
        elif not right:
            self.send_json({"error": {"type": "authentication_error",
                                      "message": "the key is not the right one"}}, 401)
        elif path == "/v1/models":
            self.send_json({"data": [{"id": "demo-small"}, {"id": "demo-large"}]})
        elif path == "/v1/chat":
            self.send_json({"received_bytes": body_bytes, "key": right,
                            "text": "Hello from the demo upstream."})
        elif path == "/v1/stream":
            self.send_stream()
        elif path == "/v1/slow":
            time.sleep(self.server.options.slow_ms / 1000)
            self.send_json({"slow": True})
        elif path.startswith("/v1/status/") and path[11:].isdigit() and len(path) == 14:
            self.send_json({"status": int(path[11:])}, int(path[11:]))
        elif path.startswith("/v1/bytes/") and path[10:].isdigit():
            self.send_bytes(int(path[10:]))
        elif path == "/v1/headers":
            self.send_json({"headers": [name.lower() for name in self.headers.keys()]})
        elif path == "/v1/redirect":
            self.send_json({}, 302, [("Location", "/v1/models")])
        elif path == "/v1/abort":
            self.send_half()
        elif path == "/v1/count":
            self.send_json({"served": served})
        else:
            self.send_json({"error": {"type": "not_found", "message": "no such path"}}, 404)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = answer


def main():
    parser = argparse.ArgumentParser(description="Demo TLS upstream for phantom.")
    parser.add_argument("--dir", required=True, type=pathlib.Path, help="where files are written")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--expect-sha256", default="", help="SHA-256 of the right key, hex")
    parser.add_argument("--header", default="Authorization", help="header the key comes in")
    parser.add_argument("--prefix", default="Bearer ", help="what stands before the key")
    parser.add_argument("--slow-ms", type=int, default=2000, help="delay of /v1/slow")
    options = parser.parse_args()

    directory = options.dir
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "port").unlink(missing_ok=True)
    make_certificates(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(directory / "server.pem")

    server = Upstream(options, context)
    # shutdown() waits for the loop it stops, so it cannot run on the loop's own thread.
    def stop(*_):
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    new = directory / "port.new"
    new.write_text(f"{server.server_address[1]}\n")
    new.rename(directory / "port")
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        (directory / "port").unlink(missing_ok=True)
        server.server_close()


if __name__ == "__main__":
    main()
