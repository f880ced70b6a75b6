# SPDX-License-Identifier: Apache-2.0
"""Take away from this process what scoring does not need. Standard library only, Linux only.

It limits the damage of a model that is trusted by mistake; it is not a prison. What holds: memory, processor time, size
of files, core dumps and open files by rlimits; no network through an own network namespace where the kernel lets users
make one; no new privileges. What does not: the code can read every file that the user can read.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import threading
import time
from typing import Any

_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_NO_NEW_PRIVS = 38
_SOCKETS = frozenset({"socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo"})


def confine(*, memory: int, cpu_s: int) -> list[str]:
    """Confine this process for good; return what could be put in force, in words.

    Args:
        memory: bytes of address space.
        cpu_s: seconds of processor time over its whole life.
    """
    held = [f"memory {memory >> 20} MiB", f"processor time {cpu_s} s", "no file written", "no core dump"]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        held.append("no new privileges")
    if libc.unshare(_NEW_USER | _NEW_NET) == 0 or libc.unshare(_NEW_NET) == 0:
        held.append("no network")
    sys.addaudithook(_no_sockets)
    _end_with_parent()
    return held


def _no_sockets(event: str, _: tuple[Any, ...]) -> None:
    """Refuse sockets made by Python code, for kernels that give no network namespace."""
    if event in _SOCKETS:
        raise PermissionError("a loaded model may not use the network")


def _end_with_parent() -> None:
    parent = os.getppid()

    def watch() -> None:
        """End with the process that started this one, even if it could not say so."""
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
