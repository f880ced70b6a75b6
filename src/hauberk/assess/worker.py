# SPDX-License-Identifier: Apache-2.0
"""A worker process: a fresh interpreter that opens the situation once and then runs one task after the other.

It is started as `python -m hauberk.assess.worker FD` by `ProcessPool`, which talks to it over the socket FD. It never
outlives its parent: a thread waits for the parent's end, and the kernel's alarm ends a task that holds the interpreter
long after its deadline.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from hauberk.assess.context import Situation
from hauberk.assess.materials import open_situation
from hauberk.assess.perform import outcome_of, perform
from hauberk.assess.plan import Planned
from hauberk.assess.task import Reply, Task
from hauberk.core.outcome import Outcome, Status

_GRACE_S = 10.0
"""How long after the deadline the kernel waits for the parent to kill first."""


def serve(connection: Connection) -> None:
    """Answer tasks until the parent closes the connection."""
    situation: Situation | None = None
    failure: BaseException = EOFError()
    try:
        situation = open_situation(connection.recv())
    except BaseException as error:  # broad: whatever keeps the materials from opening is every task's outcome
        failure = error
    connection.send("ready")
    cache: dict[str, Any] = {}
    while True:
        try:
            task: Task = connection.recv()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, task.seconds + _GRACE_S)
        if situation is None:
            reply = Reply(outcomes=tuple(_unopened(item, failure) for item in task.checks))
        else:
            reply = perform(task, situation, cache, told=connection.send)
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        connection.send(reply)


def _unopened(item: Planned, failure: BaseException) -> Outcome:
    """The parent opened these materials, so a worker that cannot is an error, even where it finds nothing to examine."""
    return replace(outcome_of(item, failure), status=Status.ERROR)


def end_with_parent(parent: int) -> None:
    """End this process, at once and without clean-up, when its parent is another than `parent`."""
    wake = threading.Event()
    while os.getppid() == parent:
        wake.wait(0.5)
    os._exit(3)


def main() -> None:
    """Serve the connection named on the command line."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    threading.Thread(target=end_with_parent, args=(os.getppid(),), daemon=True).start()
    serve(Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()
