# SPDX-License-Identifier: Apache-2.0
"""Files that run code: refused without trust, and with it loaded and asked in a process of their own."""

import gc
import hashlib
import pickle
import time
from pathlib import Path

import joblib
import numpy as np
import polars as pl
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from hauberk.artifact import digest_path
from hauberk.core.check import Need
from hauberk.core.errors import Incomplete, Unreadable, UsageError
from hauberk.model import describe, open_model
from hauberk.model.load.trusted import Worker

X = np.random.default_rng(0).normal(size=(100, 2))
Y = (X[:, 0] > 0).astype(int)
FRAME = pl.DataFrame(X, schema=["a", "b"], orient="row")

# Code for models of the tests' own: it travels inside the pickle, so that no module has to be found.
SHELL = """
import os, time
class Odd:
    classes_ = [0, 1]
    def __sklearn_is_fitted__(self): return True
    def predict_proba(self, rows):
        import numpy as np
        p = {body}
        return np.c_[1 - p, p]
model = Odd()
"""


class Runs:
    """Pickles as a call of a function that runs text and gives back what it defined."""

    def __init__(self, text):
        self.text = text

    def __reduce__(self):
        return eval, (f"(lambda space: exec({self.text!r}, space) or space['model'])({{}})",)


def odd(body):
    return Runs(SHELL.format(body=body))


def digest(path):
    return f"sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()}"


@pytest.fixture
def opened(tmp_path):
    views = []

    def make(model, **options):
        path = tmp_path / f"model{len(views)}.pkl"
        path.write_bytes(pickle.dumps(model))
        view = open_model(path, trust=[digest(path)], features=["a", "b"], **({"timeout_s": 60} | options))
        views.append(view)
        return view

    yield make
    for view in views:
        view.close()


@pytest.fixture(scope="module")
def logistic(tmp_path_factory):
    path = tmp_path_factory.mktemp("m") / "model.any"
    model = LogisticRegression().fit(FRAME, Y)
    path.write_bytes(pickle.dumps(model))
    return path, model


def bomb(marker):
    return Runs(f"open({str(marker)!r}, 'w').write('ran')\nmodel = None")


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("extension", ["pkl", "txt", "onnx"])
def test_without_trust_nothing_runs(tmp_path, protocol, extension):
    marker, path = tmp_path / "marker", tmp_path / f"model.{extension}"
    path.write_bytes(pickle.dumps(bomb(marker), protocol=protocol))
    with pytest.raises(UsageError, match="unless you trust it") as caught:
        open_model(path)
    assert f"--trust {digest(path)}" in caught.value.next_step
    assert "runs whatever code it carries" in caught.value.why
    assert describe(path)["runs_code"]
    assert not marker.exists()
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)])
def test_compressed_pickles_are_recognised(tmp_path, compress, logistic):
    path = tmp_path / "model.bin"
    joblib.dump(logistic[1], path, compress=compress)
    with pytest.raises(UsageError, match="pickle"):
        open_model(path)


def test_a_compressed_pickle_opens_with_trust(tmp_path, logistic):
    path = tmp_path / "model.bin"
    joblib.dump(logistic[1], path, compress=("xz", 3))
    view = open_model(path, trust=[digest(path)], timeout_s=60)
    try:
        np.testing.assert_array_equal(view.scores(FRAME), logistic[1].predict_proba(FRAME)[:, 1])
    finally:
        view.close()


def test_trust_is_in_these_bytes(logistic):
    path, _ = logistic
    with pytest.raises(UsageError, match="unless you trust it") as caught:
        open_model(path, trust=["sha256:" + "0" * 64])
    assert "trusted are others" in caught.value.why
    for wrong in ("yes", "*", "sha256:12", digest(path).upper(), digest(path)[7:]):
        with pytest.raises(UsageError, match="is not a digest"):
            open_model(path, trust=[wrong])


def test_a_trusted_model_is_the_same_model_whatever_lies_at_its_path_by_then(tmp_path, logistic):
    path, model = tmp_path / "m", logistic[1]
    path.write_bytes(logistic[0].read_bytes())
    view = open_model(path, trust=[digest(path)], name="credit", timeout_s=60)
    try:
        assert (view.name, view.framework, view.features) == ("credit", "scikit-learn", ("a", "b"))
        assert view.digest == digest(path) == digest_path(path)
        assert view.capabilities == {Need.SCORES, Need.LABELS}
        path.write_bytes(pickle.dumps(bomb(tmp_path / "marker")))
        for rows in (FRAME, FRAME.head(1), FRAME.select("b", "a")):
            np.testing.assert_array_equal(view.scores(rows), model.predict_proba(rows.select("a", "b"))[:, 1])
        big = pl.concat([FRAME] * 500)
        np.testing.assert_array_equal(view.scores(big)[-100:], view.scores(FRAME))
        assert not (tmp_path / "marker").exists()
    finally:
        view.close()


def test_closing_ends_the_process_and_says_so_afterwards(logistic):
    path, _ = logistic
    view = open_model(path, trust=[digest(path)], timeout_s=60)
    pid = view.scorer._process.pid
    assert Path(f"/proc/{pid}").exists()
    view.close()
    view.close()
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(Incomplete, match="ended before it could score") as caught:
        view.scores(FRAME)
    assert "closed" in caught.value.why


def test_a_forgotten_view_leaves_no_process(logistic):
    path, _ = logistic
    view = open_model(path, trust=[digest(path)], timeout_s=60)
    pid = view.scorer._process.pid
    del view
    gc.collect()
    assert not Path(f"/proc/{pid}").exists()


def test_the_worker_checks_the_digest_itself(logistic):
    from hauberk.core.errors import IntegrityError
    from hauberk.model.adapters.opened import Request

    content = logistic[0].read_bytes()
    with pytest.raises(IntegrityError, match="not those that are trusted"):
        Worker(content, "sha256:" + "0" * 64, Request(where="m"), torch=False, timeout_s=60)


def test_what_the_process_may_not_do(opened, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "hunter2")
    (tmp_path / "target").mkdir()
    body = f"""np.full(len(rows), sum([
        0.1 * ('SECRET_KEY' in os.environ),
        0.2 * (not _fails(lambda: (lambda f: (f.write('x' * 9), f.flush()))(open({str(tmp_path / "target" / "f")!r}, 'w')))),
        0.4 * (not _fails(lambda: __import__('socket').create_connection(('127.0.0.1', 9), 1))),
    ]))"""
    text = """
def _fails(do):
    try:
        do()
    except PermissionError:
        return True
    except OSError as error:
        return error.errno in (1, 13, 27, 101)
    return False
"""
    view = opened(Runs(text + SHELL.format(body=body)))
    assert view.scores(FRAME)[0] == 0.0
    written = tmp_path / "target" / "f"
    assert not written.exists() or written.read_bytes() == b""


def test_memory_is_bounded(opened):
    view = opened(odd("np.ones(1 << 34) * len(bytearray(1 << 36))"))
    with pytest.raises(Incomplete, match=r"failed on|process ended"):
        view.scores(FRAME)


def test_a_hanging_model_is_ended(opened):
    view = opened(odd("time.sleep(60)"), timeout_s=20)
    view.scorer._timeout_s = 0.5
    pid = view.scorer._process.pid
    start = time.monotonic()
    with pytest.raises(Incomplete, match=r"did not score within 0\.5 s and was ended"):
        view.scores(FRAME)
    assert time.monotonic() - start < 5
    assert not Path(f"/proc/{pid}").exists()


def test_a_file_that_hangs_while_it_loads(tmp_path):
    path = tmp_path / "m"
    path.write_bytes(pickle.dumps(Runs("import time; time.sleep(60); model = None")))
    with pytest.raises(Incomplete, match=r"did not load within 2 s and was ended"):
        open_model(path, trust=[digest(path)], timeout_s=2)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("os._exit(7)", "ended with code 7"),
        ("os.kill(os.getpid(), 11)", "SIGSEGV"),
    ],
)
def test_a_model_that_dies(opened, body, said):
    view = opened(odd(body))
    with pytest.raises(Incomplete, match="process ended before it could score") as caught:
        view.scores(FRAME)
    assert said in caught.value.why
    with pytest.raises(Incomplete, match="process ended"):
        view.scores(FRAME)


MOODS = {
    1: "(print('noise' * 100), os.write(1, b'noise' * 100), np.full(len(rows), 0.25))[2]",
    2: "(_ for _ in ()).throw(ValueError('odd row')) if rows[:, 1].max() > 1 else np.full(len(rows), 0.5)",
    3: "np.full(3, 0.5)",
    4: "np.full(len(rows), np.nan)",
    5: "np.full(len(rows), 9.0)",
}


@pytest.fixture(scope="module")
def moody(tmp_path_factory):
    """A model that behaves as column a asks it to."""
    body = "0\n        mood = int(rows[0, 0])\n        if mood == 0: p = np.full(len(rows), 0.5)\n"
    body += "".join(f"        if mood == {mood}: p = {code}\n" for mood, code in MOODS.items())
    path = tmp_path_factory.mktemp("m") / "m"
    path.write_bytes(pickle.dumps(odd(body)))
    view = open_model(path, trust=[digest(path)], features=["a", "b"], timeout_s=60)
    yield lambda mood: view.scores(pl.DataFrame({"a": [float(mood)] * 8, "b": np.linspace(0, 1.5, 8)}))
    view.close()


def test_a_model_that_prints_does_not_break_the_answers(moody):
    assert set(moody(1)) == {0.25}
    assert set(moody(0)) == {0.5}


def test_a_model_that_raises_on_some_rows_is_counted(moody):
    with pytest.raises(Incomplete, match="failed on 3 of 8 rows, first on row 5") as caught:
        moody(2)
    assert "ValueError: odd row" in caught.value.why
    assert set(moody(0)) == {0.5}


@pytest.mark.parametrize(
    ("mood", "said"),
    [(3, "shape"), (4, "NaN or infinity for 8 of 8"), (5, "8 of 8 scores lie outside")],
)
def test_answers_are_checked_here_as_well(moody, mood, said):
    with pytest.raises((UsageError, Incomplete), match=said):
        moody(mood)


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (pickle.dumps(LogisticRegression())[:-30], Unreadable, "cannot be loaded"),
        (pickle.dumps({"weights": [1, 2]}), UsageError, "not a model that Hauberk can ask"),
        (b"\x80\x04cno_such_module\nThing\n.", Unreadable, "no_such_module"),
    ],
)
def test_what_cannot_be_loaded(tmp_path, content, kind, said):
    path = tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(kind, match=said):
        open_model(path, trust=[digest(path)], timeout_s=60)


def test_torch_modules(tmp_path):
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Sigmoid())
    path = tmp_path / "m.bin"
    torch.save(module, path)
    with pytest.raises(UsageError, match="torch archive with a pickle inside"):
        open_model(path)
    view = open_model(path, trust=[digest(path)], features=["a", "b"], timeout_s=90)
    try:
        expected = module(torch.from_numpy(X.astype(np.float32))).detach().numpy()[:, 0]
        assert view.framework == "torch"
        np.testing.assert_allclose(view.scores(FRAME), expected, atol=1e-7)
    finally:
        view.close()
