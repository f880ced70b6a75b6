# SPDX-License-Identifier: Apache-2.0
"""Against real server processes' sockets on loopback: both protocols, and every way to misbehave."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

import numpy as np
import polars as pl
import pytest

from hauberk.core.check import Need
from hauberk.core.errors import Incomplete, Unreadable, UsageError
from hauberk.model import open_model
from hauberk.model.endpoint import transport
from hauberk.model.endpoint.address import parse_address

FRAME = pl.DataFrame({"a": [0.1, None, 0.3, 2.0], "b": [1, 2, 3, 4]})
SCORES = [0.55, 0.5, 0.65, 1.0]


def score(a, b):
    return min(1.0, 0.5 + 0.5 * (a or 0.0) * b) if b != 3 else 0.65


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.seen = []

    def server_bind(self):
        # without the look-up of this machine's name, which may ask a resolver and wait for it
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, request, client_address):
        """A client that hangs up is part of the tests."""


class Handler(BaseHTTPRequestHandler):
    def _reply(self, body):
        self.server.seen.append((self.command, self.path, body, dict(self.headers)))
        status, headers, content = self.server.answer(self.command, self.path, body, len(self.server.seen))
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        self._reply(None)

    def do_POST(self):
        self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, *_):
        pass


@pytest.fixture
def serve():
    running = []

    def start(answer):
        server = Server(answer)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        running.append(server)
        return server, f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def mlflow_answer(method, path, body, call):
    assert (method, path) == ("POST", "/invocations")
    split = body["dataframe_split"]
    at = [split["columns"].index(name) for name in ("a", "b")]
    return 200, {}, {"predictions": [score(row[at[0]], row[at[1]]) for row in split["data"]]}


def oip_answer(inputs, outputs, reply):
    def answer(method, path, body, call):
        if method == "GET":
            assert path == "/v2/models/m"
            return 200, {}, {"name": "m", "platform": "test", "inputs": inputs, "outputs": outputs}
        assert path == "/v2/models/m/infer"
        return 200, {}, {"model_name": "m", "outputs": reply(body)}

    return answer


def tensor(name, datatype, *shape):
    return {"name": name, "datatype": datatype, "shape": list(shape)}


def test_mlflow(serve):
    server, url = serve(mlflow_answer)
    model = open_model(f"{url}/invocations", features=["a", "b"])
    assert model.framework == "endpoint"
    assert model.digest == ""
    np.testing.assert_allclose(model.scores(FRAME.select("b", "a")), SCORES)
    assert server.seen[0][2]["dataframe_split"]["data"][1] == [None, 2]
    assert "Authorization" not in server.seen[0][3]


def test_mlflow_needs_names():
    with pytest.raises(UsageError, match="does not say which columns"):
        open_model("http://127.0.0.1:9/invocations")


@pytest.mark.parametrize(
    "predictions",
    [
        [[1 - p, p] for p in SCORES],
        [{"0": 1 - p, "1": p} for p in SCORES],
        [{"p": p} for p in SCORES],
        [[p] for p in SCORES],
    ],
)
def test_shapes_of_two_classes(serve, predictions):
    _, url = serve(lambda *_: (200, {}, {"predictions": predictions}))
    np.testing.assert_allclose(open_model(f"{url}/invocations", features=["a", "b"]).scores(FRAME), SCORES)


def test_hard_labels_are_not_taken_for_scores(serve):
    _, url = serve(lambda *_: (200, {}, {"predictions": [0, 1, 0, 1]}))
    with pytest.raises(UsageError, match="hard labels"):
        open_model(f"{url}/invocations", features=["a", "b"]).scores(FRAME)


def test_large_batches_travel_in_blocks(serve):
    server, url = serve(mlflow_answer)
    rows = pl.DataFrame({"a": np.linspace(0, 1, 5000), "b": np.ones(5000)})
    scores = open_model(f"{url}/invocations", features=["a", "b"]).scores(rows)
    np.testing.assert_allclose(scores, 0.5 + 0.5 * rows["a"].to_numpy())
    assert len(server.seen) == 3


def test_oip_with_one_matrix(serve):
    def reply(body):
        (given,) = body["inputs"]
        assert given["shape"] == [4, 2]
        assert given["datatype"] == "FP32"
        pairs = np.array(given["data"], dtype=object).reshape(4, 2)
        scores = [score(a, b) for a, b in pairs]
        return [tensor("probabilities", "FP32", 4, 2) | {"data": [v for p in scores for v in (1 - p, p)]}]

    _, url = serve(
        oip_answer(
            [tensor("x", "FP32", -1, 2)], [tensor("label", "INT64", -1), tensor("probabilities", "FP32", -1, 2)], reply
        )
    )
    with pytest.raises(UsageError, match="reads 2 columns and carries no names"):
        open_model(f"{url}/v2/models/m")
    model = open_model(f"{url}/v2/models/m/infer", features=["a", "b"])
    np.testing.assert_allclose(model.scores(FRAME), SCORES)
    assert model.capabilities == {Need.SCORES, Need.LABELS}


def test_oip_with_one_input_a_column(serve):
    def reply(body):
        given = {item["name"]: item for item in body["inputs"]}
        assert body["outputs"] == [{"name": "p"}]
        assert given["b"]["data"] == [1, 2, 3, 4]
        assert given["b"]["shape"] == [4, 1]
        assert given["word"] == tensor("word", "BYTES", 4) | {"data": ["x", "y", "x", "y"]}
        scores = [score(a, b) for a, b in zip(given["a"]["data"], given["b"]["data"], strict=True)]
        return [tensor("p", "FP64", 4) | {"data": scores}]

    inputs = [tensor("a", "FP64", -1, 1), tensor("b", "INT64", -1, 1), tensor("word", "BYTES", -1)]
    _, url = serve(oip_answer(inputs, [tensor("p", "FP64", -1)], reply))
    model = open_model(f"{url}/v2/models/m")
    assert model.features == ("a", "b", "word")
    rows = FRAME.with_columns(word=pl.Series(["x", "y", "x", "y"]))
    np.testing.assert_allclose(model.scores(rows), SCORES)
    with pytest.raises(UsageError, match="reads 'b' as INT64, and 1 values are missing or not whole"):
        model.scores(rows.with_columns(b=pl.Series([1.5, 2, 3, 4])))


def test_oip_that_gives_labels(serve):
    reply = lambda body: [tensor("label", "INT64", 4) | {"data": [0, 1, 1, 0]}]
    _, url = serve(oip_answer([tensor("x", "FP64", -1, 2)], [tensor("label", "INT64", -1)], reply))
    model = open_model(f"{url}/v2/models/m", features=["a", "b"])
    assert model.capabilities == {Need.LABELS}
    assert model.scores(FRAME).tolist() == [0, 1, 1, 0]


def test_oip_with_outputs_that_cannot_be_told_apart(serve):
    outputs = [tensor("p", "FP32", -1), tensor("q", "FP32", -1)]
    _, url = serve(oip_answer([tensor("x", "FP64", -1, 2)], outputs, lambda body: []))
    with pytest.raises(UsageError, match="cannot be told which"):
        open_model(f"{url}/v2/models/m", features=["a", "b"])


@pytest.mark.parametrize("metadata", [[], {"inputs": [{"name": "x"}]}, {"inputs": 5}, {"inputs": ["x"]}])
def test_oip_metadata_that_is_none(serve, metadata):
    _, url = serve(lambda *_: (200, {}, metadata))
    with pytest.raises(Unreadable, match="metadata"):
        open_model(f"{url}/v2/models/m", features=["a"])


def asked(url, **options):
    return open_model(f"{url}/invocations", features=["a", "b"], **options).scores(FRAME)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>hello", "not JSON"),
        (b"", "not JSON"),
        (b'{"predictions": [0.1, 0.2', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        ({"other": 1}, "no 'predictions'"),
        ({"predictions": [0.1]}, r"answer for 4 rows is of shape \(1,\)"),
        ({"predictions": ["a", "b", "c", "d"]}, "not made of numbers"),
        ({"predictions": [[0.1], [0.1, 0.2], [1.0], [0.5]]}, "ragged"),
        ({"predictions": [None, 0.1, 0.2, 0.3]}, "not made of numbers"),
        ({"predictions": {"a": 1}}, "not made of numbers"),
    ],
)
def test_garbage_is_unreadable(serve, content, said):
    _, url = serve(lambda *_: (200, {}, content))
    with pytest.raises(Unreadable, match=said):
        asked(url)


def test_scores_outside_zero_to_one_are_refused(serve):
    _, url = serve(lambda *_: (200, {}, {"predictions": [0.1, 7.5, 0.2, -1.0]}))
    with pytest.raises(UsageError, match="2 of 4 scores lie outside"):
        asked(url)


def test_a_failing_server_is_an_error_with_its_words(serve):
    server, url = serve(lambda *_: (500, {}, {"error": "division by zero"}))
    with pytest.raises(Incomplete, match="has failed \\(HTTP 500\\)") as caught:
        asked(url)
    assert "division by zero" in caught.value.why
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_refusal_is_an_error(serve, status):
    _, url = serve(lambda *_: (status, {}, b"no " * 1000))
    with pytest.raises(Incomplete, match=f"refuses the request \\(HTTP {status}\\)") as caught:
        asked(url)
    assert len(caught.value.why) < 300


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(serve, status):
    def answer(method, path, body, call):
        return (status, {"Retry-After": "0"}, b"") if call < 3 else mlflow_answer(method, path, body, call)

    server, url = serve(answer)
    np.testing.assert_allclose(asked(url), SCORES)
    assert len(server.seen) == 3


def test_a_server_that_stays_busy_is_given_up(serve):
    server, url = serve(lambda *_: (503, {"Retry-After": "0"}, b"later"))
    with pytest.raises(Incomplete, match="busy") as caught:
        asked(url)
    assert len(server.seen) == transport.TRIES
    assert "4 tries" in caught.value.why


def test_a_longer_wait_than_there_is_time_is_not_waited(serve):
    server, url = serve(lambda *_: (429, {"Retry-After": "3600"}, b""))
    start = time.monotonic()
    with pytest.raises(Incomplete, match="busy"):
        asked(url)
    assert time.monotonic() - start < 5
    assert len(server.seen) == 1


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/invocations", "/elsewhere", "https://example.org/"])
def test_redirects_are_not_followed(serve, target):
    server, url = serve(lambda *_: (307, {"Location": target}, b""))
    with pytest.raises(Incomplete, match="redirects"):
        asked(url)
    assert len(server.seen) == 1


def test_silence_times_out(serve):
    release = threading.Event()
    _, url = serve(lambda *_: release.wait(20) and (200, {}, b"{}"))
    start = time.monotonic()
    with pytest.raises(Incomplete, match=r"did not answer within 0\.4 s"):
        asked(url, timeout_s=0.4)
    assert time.monotonic() - start < 3
    release.set()


def test_a_drip_times_out_as_a_whole(serve):
    """Every byte arrives well within the timeout of a socket; the exchange does not."""
    done = threading.Event()

    def answer(method, path, body, call):
        return 200, {"Content-Length": "1000"}, Drip(done)

    _, url = serve(answer)
    start = time.monotonic()
    with pytest.raises(Incomplete, match="did not answer within"):
        asked(url, timeout_s=0.6)
    assert time.monotonic() - start < 3
    done.set()


class Drip(bytes):
    """Bytes that are written one at a time."""

    def __new__(cls, done):
        made = super().__new__(cls, b"[" * 1000)
        made.done = done
        return made


@pytest.fixture(autouse=True)
def slow_writes(monkeypatch):
    plain = Handler._reply

    def reply(self, body):
        write = self.wfile.write

        def slowly(content):
            if not isinstance(content, Drip):
                return write(content)
            for at in range(len(content)):
                if content.done.wait(0.1):
                    break
                write(content[at : at + 1])
            return len(content)

        self.wfile.write = slowly
        plain(self, body)

    monkeypatch.setattr(Handler, "_reply", reply)


def test_too_long_an_answer_is_refused(serve, monkeypatch):
    monkeypatch.setattr(transport, "LARGEST", 1000)
    _, url = serve(lambda *_: (200, {}, b"[" + b" " * 5000 + b"]"))
    with pytest.raises(Unreadable, match="longer than 1000 bytes"):
        asked(url)


def test_nobody_listens():
    with pytest.raises(Incomplete, match="cannot be reached"):
        asked("http://127.0.0.1:9", timeout_s=2)


def test_a_connection_that_breaks_off(serve):
    _, url = serve(lambda *_: (200, {"Content-Length": "500"}, b"{}"))
    with pytest.raises(Incomplete, match="broke off"):
        asked(url, timeout_s=3)


def test_the_token_travels_in_the_header_and_nowhere_else(serve, monkeypatch):
    monkeypatch.setenv("M_TOKEN", "s3cret-token")
    server, url = serve(lambda *_: (403, {}, {"error": "bad token s3cret-token"}))
    model = open_model(f"{url}/invocations", features=["a", "b"], token_env="M_TOKEN")
    with pytest.raises(Incomplete) as caught:
        model.scores(FRAME)
    assert server.seen[0][3]["Authorization"] == "Bearer s3cret-token"
    assert "s3cret" not in str(caught.value)
    assert "***" in str(caught.value)
    assert "s3cret" not in repr(model)


def test_a_token_that_is_not_there(serve, monkeypatch):
    monkeypatch.delenv("M_TOKEN", raising=False)
    server, url = serve(mlflow_answer)
    with pytest.raises(UsageError, match="M_TOKEN does not hold a token"):
        asked(url, token_env="M_TOKEN")
    assert not server.seen


def test_a_token_does_not_leave_the_machine_unencrypted(monkeypatch):
    monkeypatch.setenv("M_TOKEN", "s3cret")
    with pytest.raises(UsageError, match="not sent over plain http"):
        open_model("http://192.0.2.1/v2/models/m", token_env="M_TOKEN", timeout_s=1)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://host/v2/models/m", "starts with http"),
        ("file:///etc/passwd", "starts with http"),
        ("http://host/predict", "names neither"),
        ("http://host/v2/models/", "names neither"),
        ("http://user:hunter2@host/invocations", "no name, password"),
        ("http://host/invocations?key=hunter2", "no name, password"),
        ("http://host/invocations#x", "no name, password"),
        ("http:///invocations", "a host and a path"),
        ("http://host:99999/invocations", "not an address"),
        ("http://host/v2/models/a b", "blanks"),
        ("http://host/v2/models/ä", "non-ASCII"),
    ],
)
def test_addresses_that_mean_nothing(url, said):
    with pytest.raises(UsageError, match=said) as caught:
        open_model(url, features=["a"])
    assert "hunter2" not in str(caught.value)


def test_addresses():
    plain = parse_address("https://Host.example/v2/models/m/versions/3/infer")
    assert (plain.secure, plain.host, plain.port, plain.path) == (True, "host.example", 443, "/v2/models/m/versions/3")
    assert parse_address("http://h:8/pre/invocations/").path == "/pre/invocations"


def test_infinity_is_said_before_it_is_sent(serve):
    server, url = serve(mlflow_answer)
    with pytest.raises(UsageError, match="infinity"):
        open_model(f"{url}/invocations", features=["a", "b"]).scores(FRAME.with_columns(a=pl.lit(float("inf"))))
    assert not server.seen
