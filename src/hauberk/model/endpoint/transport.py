# SPDX-License-Identifier: Apache-2.0
"""One HTTP exchange with limits: a deadline over all of it, a largest answer, few retries, no redirects, no proxy."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from hauberk.core.errors import HauberkError, Incomplete, Unreadable
from hauberk.model.endpoint.address import Address, bearer
from hauberk.model.endpoint.pace import Pace, asked_pause

LARGEST = 64 * 1024 * 1024
"""Bytes of an answer that are read before it is refused."""

TRIES = 4
"""Attempts while the server says that it is busy (429 or 503)."""

_BUSY = (429, 503)
_SAID = 200


@dataclass(frozen=True, slots=True)
class Transport:
    """Talks JSON to one address.

    Attributes:
        address: where.
        timeout_s: seconds that one call may take, retries included.
        pace: how far apart requests go out; it follows what the server can take.
    """

    address: Address
    timeout_s: float
    pace: Pace = field(default_factory=Pace)

    def ask(self, suffix: str, body: Any | None = None) -> Any:
        """Send a request and return the JSON of the answer: GET without a body, POST with one.

        Raises:
            Incomplete: no connection, no answer in time, busy, refused, or an error of the server's.
            Unreadable: the answer is too long or not JSON.
        """
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        until = time.monotonic() + self.timeout_s
        tries = 1
        self.pace.wait(until)
        status, wait, answer = self._exchange(suffix, content, until)
        while status in _BUSY:
            pause = 0.1 * 2**tries if wait is None else wait
            if tries == TRIES or time.monotonic() + pause >= until:
                asked = "" if wait is None else f"; it asks to wait {wait:g} s"
                raise self._error(
                    f"the model server is busy (HTTP {status})",
                    why=f"gave up after {tries} tries within {self.timeout_s:g} s{asked}" + self._said(answer),
                    next_step="try later, or raise the timeout",
                )
            if wait is None:
                self.pace.slower()
            time.sleep(pause)
            tries += 1
            status, wait, answer = self._exchange(suffix, content, until)
        self.pace.faster()
        return self._read(status, answer)

    def _exchange(self, suffix: str, content: bytes | None, until: float) -> tuple[int, float | None, bytes]:
        headers = {"Accept": "application/json", "Content-Type": "application/json", "Connection": "close"}
        token = bearer(self.address)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        with self._connection(until) as connection:
            method = "GET" if content is None else "POST"
            connection.request(method, self.address.path + suffix, body=content, headers=headers)
            response = connection.getresponse()
            answer = response.read(LARGEST + 1)
            # a body that is cut, by us or by the server, comes back short and without an error
            if time.monotonic() >= until:
                raise TimeoutError
            if response.length and len(answer) <= LARGEST:
                raise http.client.IncompleteRead(answer, response.length)
            return response.status, asked_pause(response.getheader("Retry-After")), answer

    @contextmanager
    def _connection(self, until: float) -> Generator[http.client.HTTPConnection]:
        """A connection that is cut at the deadline, however slowly the server drips."""
        left = max(until - time.monotonic(), 0.001)
        host, port = self.address.host, self.address.port
        connection = (
            http.client.HTTPSConnection(host, port, timeout=left, context=ssl.create_default_context())
            if self.address.secure
            else http.client.HTTPConnection(host, port, timeout=left)
        )
        watch: threading.Timer | None = None
        try:
            connection.connect()
            # the connection lets go of its socket as soon as the answer's head is read, so the watch holds it
            watch = threading.Timer(max(until - time.monotonic(), 0.001), _cut, (connection.sock,))
            watch.daemon = True
            watch.start()
            yield connection
        except HauberkError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._broken(error, late=time.monotonic() >= until - 0.001) from error
        finally:
            if watch is not None:
                watch.cancel()
            connection.close()

    def _read(self, status: int, answer: bytes) -> Any:
        if 300 <= status < 400:
            raise self._error(
                f"the model server redirects (HTTP {status})",
                why="redirects are not followed: they could send the records elsewhere",
                next_step="give the final address",
            )
        if status != 200:
            kind = "has failed" if status >= 500 else "refuses the request"
            raise self._error(f"the model server {kind} (HTTP {status})", why=self._said(answer).lstrip("; "))
        if len(answer) > LARGEST:
            raise Unreadable(f"the answer is longer than {LARGEST} bytes", where=self.address.shown)
        try:
            return json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise Unreadable(
                "the answer is not JSON", where=self.address.shown, why=f"{len(answer)} bytes, {error}"[:_SAID]
            ) from error

    def _said(self, answer: bytes) -> str:
        """What the server said, shortened, without the token that it may have echoed."""
        text = " ".join(answer[:4096].decode("utf-8", "replace").split())
        token = bearer(self.address)
        if token:
            text = text.replace(token, "***")
        return f"; it said: {text[:_SAID]}" if text else ""

    def _broken(self, error: Exception, *, late: bool) -> Incomplete:
        if late or isinstance(error, TimeoutError):
            return self._error(
                f"the model server did not answer within {self.timeout_s:g} s", next_step="raise the timeout"
            )
        if isinstance(error, http.client.HTTPException):
            return self._error("the model server broke off its answer", why=type(error).__name__)
        return self._error(
            "the model server cannot be reached", why=str(error)[:_SAID], next_step="check that it runs at this address"
        )

    def _error(self, what: str, *, why: str = "", next_step: str = "") -> Incomplete:
        return Incomplete(what, where=self.address.shown, why=why, next_step=next_step)


def _cut(open_socket: socket.socket) -> None:
    with suppress(OSError):
        open_socket.shutdown(socket.SHUT_RDWR)
