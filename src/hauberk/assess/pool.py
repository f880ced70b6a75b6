# SPDX-License-Identifier: Apache-2.0
"""The executor that runs tasks in processes of their own, which it kills and replaces at the deadline."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.reduction import ForkingPickler
from typing import Self

from hauberk.assess.materials import Materials
from hauberk.assess.standing import Standing, Told, nobody
from hauberk.assess.task import Reply, Task
from hauberk.core.errors import Incomplete, UsageError
from hauberk.core.outcome import Status

START_S = 120.0
"""Time that a worker has to start and to open the materials."""


class ProcessPool:
    """Runs tasks in persistent processes that were spawned afresh, never forked.

    A task that passes its deadline has its process group killed, so that a check ends even if it spins in native code
    or sleeps; a process that dies takes only its own task with it. In both cases the next task gets a new process.

    Args:
        materials: what each process opens for itself, once.
        workers: how many processes at most, 1 or more; each is started when it is first needed.
        told: told how a check stands while it runs; called from the threads that wait for the processes.
    """

    def __init__(self, materials: Materials, workers: int = 2, *, told: Told = nobody) -> None:
        if workers < 1:
            raise UsageError(f"there must be at least 1 worker, not {workers}", where="[checks] workers")
        self._payload = _payload(materials)
        self._told = told
        self._idle: queue.LifoQueue[_Process] = queue.LifoQueue()
        self._alive: set[_Process] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._threads = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="hauberk-worker")

    def submit(self, task: Task, started: Callable[[Task], None]) -> Future[Reply]:
        """Queue a task; its time counts from when a process takes it.

        Raises:
            UsageError: the pool is closed.
        """
        if self._closed:
            raise UsageError("this pool is closed", next_step="make a new one")
        return self._threads.submit(self._run, task, started)

    def close(self) -> None:
        """Kill every process and drop what is queued; returns when no process is left."""
        with self._lock:
            self._closed = True
            alive = list(self._alive)
            self._alive.clear()
        for process in alive:
            process.kill()
        self._threads.shutdown(wait=True, cancel_futures=True)
        for process in alive:
            process.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _run(self, task: Task, started: Callable[[Task], None]) -> Reply:
        try:
            process = self._take()
        except Incomplete as error:
            return task.ended(Status.ERROR, f"{error.what}: {error.why}")
        started(task)
        reply = process.ask(task, self._told)
        if reply is not None:
            self._idle.put(process)
            return reply
        timed_out = process.dead() is None
        cause = self._drop(process)
        if timed_out:
            return task.ended(Status.TIMED_OUT, f"stopped after its time limit of {task.seconds:g} s")
        return task.ended(Status.ERROR, cause)

    def _take(self) -> _Process:
        try:
            process = self._idle.get_nowait()
        except queue.Empty:
            process = self._start()
        if process.dead() is None:
            return process
        self._drop(process)
        return self._take()

    def _start(self) -> _Process:
        with self._lock:
            if self._closed:
                raise Incomplete("the pool was closed", why="the run was interrupted")
            process = _Process()
            self._alive.add(process)
        try:
            process.prepare(self._payload)
        except (OSError, EOFError) as error:
            raise Incomplete("a worker process did not start", why=self._drop(process)) from error
        return process

    def _drop(self, process: _Process) -> str:
        cause = process.kill()
        with self._lock:
            self._alive.discard(process)
        process.release()
        return cause


def _payload(materials: Materials) -> bytes:
    try:
        return bytes(ForkingPickler.dumps(materials))
    except Exception as error:  # broad: pickling calls whatever the caller's objects define
        raise UsageError(
            "this model or data cannot be sent to a worker process",
            why=f"{type(error).__name__} while it was pickled",
            next_step="pass a path, or run in this process (workers = 0)",
        ) from error


class _Process:
    """One worker process and the connection to it."""

    def __init__(self) -> None:
        self._here, there = Pipe()
        try:
            # a process group of its own: Ctrl-C reaches the parent alone, which then kills the whole group
            self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "hauberk.assess.worker", str(there.fileno())],
                pass_fds=(there.fileno(),),
                process_group=0,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )
        finally:
            there.close()

    def prepare(self, payload: bytes) -> None:
        """Send what the process opens, and wait until it has."""
        self._here.send_bytes(payload)
        if not self._here.poll(START_S):
            raise TimeoutError
        self._here.recv()

    def ask(self, task: Task, told: Told) -> Reply | None:
        """Return the reply to a task; None if the deadline passed or the process died. Pass on what is told before."""
        deadline = time.monotonic() + task.seconds
        try:
            self._here.send(task)
            while self._here.poll(max(deadline - time.monotonic(), 0.0)):
                reply = self._here.recv()
                if not isinstance(reply, Standing):
                    return reply if isinstance(reply, Reply) else None
                told(reply)
        except (OSError, EOFError):
            self._child.wait()
        return None

    def dead(self) -> int | None:
        """Return the exit status of a process that has ended; None while it lives."""
        return self._child.poll()

    def kill(self) -> str:
        """Kill the process and everything it started, and say how it had ended if it was dead already."""
        status = self._child.poll()
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        return "the process was stopped" if status is None else _cause(status)

    def release(self) -> None:
        """Close the connection; only its own thread may, since another would pull the file from under it."""
        self._here.close()


def _cause(status: int) -> str:
    if status >= 0:
        return f"the check ended its process with exit status {status}"
    name = signal.Signals(-status).name
    hint = ", which the kernel sends when memory runs out" if -status == signal.SIGKILL else ""
    return f"the check's process was ended by {name}{hint}"


def _environment() -> dict[str, str]:
    """The parent's environment without its signing key: workers parse hostile files and sign nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HAUBERK_KEY")}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
