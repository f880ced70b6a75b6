# SPDX-License-Identifier: Apache-2.0
"""Load a file that runs code, once its digest is trusted: in a process of its own, asked over a pipe."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.core.errors import HauberkError, Incomplete, IntegrityError, Unreadable, UsageError
from hauberk.model.adapters.opened import Opened, Request
from hauberk.model.load.tree_wire import LARGEST, unpacked
from hauberk.model.load.wire import WorkerGone, WorkerSilent, pack, receive, send
from hauberk.model.tree_proof import shown_by_scores
from hauberk.model.trees import TreeReader, Trees

MEMORY = 8 << 30
"""Bytes of address space that a worker gets, besides four times the file."""

CPU_S = 4 * 3600
"""Seconds of processor time that a worker gets over its life."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_KINDS: dict[str, type[HauberkError]] = {
    kind.__name__: kind for kind in (UsageError, Unreadable, Incomplete, IntegrityError)
}

_VERBS = {"trees": "send its trees"}


def require_trust(kind: str, digest: str, trust: Sequence[str], *, where: str) -> None:
    """Pass if the digest is trusted.

    Raises:
        UsageError: it is not, or an entry of `trust` is not a digest.
    """
    for entry in trust:
        if not _DIGEST.fullmatch(entry):
            raise UsageError(f"{entry!r} is not a digest", next_step="a digest is sha256: and 64 hexadecimal digits")
    if digest in trust:
        return
    why = "loading it runs whatever code it carries" + (
        ", and the digests that are trusted are others" if trust else ""
    )
    raise UsageError(
        f"this model is a {kind}, and nothing of that kind is loaded unless you trust it",
        where=where,
        why=f"{why}; its digest is {digest}",
        next_step=f"if you know who made it, pass --trust {digest} (it then runs in a separate process with limits); "
        "better: save the model in its library's own format, or as ONNX",
    )


class Worker:
    """A scorer whose model lives in a process of its own.

    Args:
        content: bytes of the file.
        digest: their digest, as trusted.
        torch: whether it is torch's format.
        request: what the caller says about the model.
        timeout_s: seconds that loading, and each later call, may take.

    Raises:
        Incomplete: the process died, or did not answer in time.
        Unreadable: the file cannot be loaded.
        UsageError: what was loaded is not a model that can be asked.
    """

    def __init__(self, content: bytes, digest: str, request: Request, *, torch: bool, timeout_s: float) -> None:
        self._where = request.where
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._process = _start(request.threads)
        self.close = weakref.finalize(self, _end, self._process)
        header = {
            "digest": digest,
            "memory": MEMORY + 4 * len(content),
            "cpu_s": CPU_S,
            "sys_path": [str(Path(entry).absolute()) for entry in sys.path],
            "torch": torch,
            "where": request.where,
            "features": request.features,
            "positive": request.positive,
            "threads": request.threads,
        }
        facts, _ = self._ask(pack(header, content), 0, "load")
        self.held = tuple(str(item) for item in facts["held"])
        self.opened = Opened(
            framework=str(facts["framework"]),
            features=tuple(str(name) for name in facts["features"]),
            scorer=self,
            labels_only=bool(facts["labels_only"]),
            objective=str(facts["objective"]),
            trees=TreeReader(self._trees) if facts.get("grown") else None,
        )

    def __call__(self, frame: pl.DataFrame) -> NDArray[np.float64]:
        """P(event) for each row, shape (n,)."""
        buffer = io.BytesIO()
        frame.write_ipc(buffer)
        header, payload = self._ask(pack({}, buffer.getvalue()), 16 * frame.height, "score")
        shape = header.get("shape")
        answer = np.frombuffer(payload, dtype="<f8")
        if shape != [len(answer)]:
            raise Unreadable(f"the model returned shape {shape} for {frame.height} rows", where=self._where)
        return answer.astype(np.float64)

    def _trees(self) -> Trees:
        """The trees as the worker reads them, checked here, and shown to score as the worker does."""
        header, payload = self._ask(pack({"ask": "trees"}), LARGEST, "trees")
        return shown_by_scores(unpacked(header, payload, self.opened.features, where=self._where), self)

    def _ask(self, message: bytes, largest: int, task: str) -> tuple[dict[str, Any], bytes]:
        until = time.monotonic() + self._timeout_s
        with self._lock:
            try:
                header, payload = self._exchange(message, until, largest)
            except WorkerSilent as error:
                self.close()
                raise Incomplete(
                    f"the model's process did not {_VERBS.get(task, task)} within {self._timeout_s:g} s and was ended",
                    where=self._where,
                    next_step="raise the timeout, or look for a loop in the model's own code",
                ) from error
            except WorkerGone as error:
                raise self._gone(task) from error
        if "error" in header:
            if task == "load":
                self.close()
            raise self._told(header["error"], task)
        return header, payload

    def _exchange(self, message: bytes, until: float, largest: int) -> tuple[dict[str, Any], bytes]:
        if self._process.stdin is None or self._process.stdout is None or not self.close.alive:
            raise WorkerGone
        send(self._process.stdin.fileno(), message, until)
        return receive(self._process.stdout.fileno(), until, largest=largest)

    def _gone(self, task: str) -> Incomplete:
        ended_before = not self.close.alive
        if not ended_before:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=2)
        code = self._process.poll()
        self.close()
        why = "it had been closed" if ended_before else _cause(code)
        return Incomplete(
            f"the model's process ended before it could {_VERBS.get(task, task)}", where=self._where, why=why
        )

    def _told(self, error: Any, task: str) -> Exception:
        what, why, step = (str(error.get(part, "")) for part in ("what", "why", "next_step"))
        kind = _KINDS.get(str(error.get("kind", "")))
        if kind is not None:
            return kind(what, where=self._where, why=why, next_step=step)
        said = f"{what}: {why}" if why else what
        if task == "trees":
            return UsageError("the model's trees cannot be read", where=self._where, why=said)
        if task == "score":
            # not an error of Hauberk's own: `checked_scores` finds out how many rows it concerns
            return RuntimeError(said)
        return Unreadable(
            "the file cannot be loaded",
            where=self._where,
            why=said,
            next_step="install the libraries and modules that the model was made with, in the same releases",
        )


def _start(threads: int) -> subprocess.Popen[bytes]:
    """Start a worker with a bare environment, so that no secret of this process reaches the model's code."""
    kept = ("PATH", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "VIRTUAL_ENV")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {"LANG": "C.UTF-8", "JOBLIB_MULTIPROCESSING": "0", "OPENBLAS_NUM_THREADS": str(threads or 1)}
    if threads:
        environment |= {"OMP_NUM_THREADS": str(threads), "POLARS_MAX_THREADS": str(threads)}
    process = subprocess.Popen(  # noqa: S603 - this interpreter, a file of ours, no argument from outside
        [sys.executable, "-I", "-B", str(Path(__file__).with_name("worker.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env=environment,
        cwd="/",
        close_fds=True,
    )
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            os.set_blocking(pipe.fileno(), False)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _cause(code: int | None) -> str:
    if code is None:
        return "it closed its pipe"
    if code >= 0:
        return f"it ended with code {code}"
    name = signal.Signals(-code).name
    extra = {"SIGXCPU": ", its limit of processor time", "SIGKILL": ", perhaps for memory"}.get(name, "")
    return f"it was ended by {name}{extra}"
