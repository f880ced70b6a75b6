# SPDX-License-Identifier: Apache-2.0
"""A model server as a process of its own: MLflow's protocol, an additive score, and a way to misbehave.

    python live_server.py MODE AFTER

It prints its port. After AFTER good answers it begins to answer as MODE says: 429, 500, garbage, slow, dies; `limited`
answers every second request with 429 and a Retry-After of nothing.
"""

import json
import math
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import TCPServer

MODE, AFTER = sys.argv[1], int(sys.argv[2])
CALLS = [0, 0]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        split = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["dataframe_split"]
        CALLS[0] += 1
        if MODE == "limited" and CALLS[0] % 2:
            return self._send(429, b"slow down", {"Retry-After": "0"})
        if MODE != "limited" and CALLS[1] >= AFTER:
            return self._misbehave()
        CALLS[1] += 1
        scores = [1 / (1 + math.exp(-(2.5 - 0.3 * sum(row)))) for row in split["data"]]
        return self._send(200, json.dumps({"predictions": scores}).encode(), {})

    def _misbehave(self):
        if MODE == "dies":
            os._exit(1)
        if MODE == "slow":
            time.sleep(5)
        status = int(MODE) if MODE.isdecimal() else 200
        self._send(
            status, b"<html>oops" if MODE == "garbage" else b"{}", {"Retry-After": "60"} if status == 429 else {}
        )

    def _send(self, status, body, headers):
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(HTTPServer):
    def server_bind(self):
        # without the look-up of this machine's name, which may ask a resolver and wait for it
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()
