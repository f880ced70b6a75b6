# SPDX-License-Identifier: Apache-2.0
"""The address of a model server, taken apart and checked before anything is sent."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from hauberk.core.errors import UsageError

_OIP = re.compile(r"(?P<model>.*/v2/models/[^/]+(?:/versions/[^/]+)?)(?:/infer)?/?")
_MLFLOW = re.compile(r".*/invocations/?")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a model answers.

    Attributes:
        secure: https.
        host: host name or number.
        port: port.
        path: `…/v2/models/NAME` for the Open Inference Protocol, `…/invocations` for MLflow.
        mlflow: which of the two.
        token_env: environment variable that holds a bearer token; empty for none. The token itself is never kept.
    """

    secure: bool
    host: str
    port: int
    path: str
    mlflow: bool
    token_env: str = ""

    @property
    def shown(self) -> str:
        """The address for messages; it holds no secret, since none is accepted in it."""
        return f"{'https' if self.secure else 'http'}://{self.host}:{self.port}{self.path}"


def is_address(source: str) -> bool:
    """Whether a source is an address rather than a path."""
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", source) is not None


def parse_address(source: str, *, token_env: str = "") -> Address:
    """Take an address apart.

    Args:
        source: `http(s)://HOST[:PORT]/v2/models/NAME[/infer]` or `http(s)://HOST[:PORT]/invocations`.
        token_env: name of an environment variable with a bearer token.

    Raises:
        UsageError: another scheme or form, or a name, password, query or fragment in it.
    """
    try:
        parts = urlsplit(source)
        port = parts.port
    except ValueError as error:
        raise UsageError("this is not an address", why=str(error)) from error
    bare = f"{parts.scheme}://{parts.hostname}{parts.path}"
    _require_plain(parts, bare)
    secure = parts.scheme == "https"
    place = (secure, str(parts.hostname), port or (443 if secure else 80))
    if found := _OIP.fullmatch(parts.path):
        return Address(*place, path=found["model"], mlflow=False, token_env=token_env)
    if _MLFLOW.fullmatch(parts.path):
        return Address(*place, path=parts.path.rstrip("/"), mlflow=True, token_env=token_env)
    raise UsageError(
        "the address names neither an Open Inference Protocol model nor an MLflow server",
        where=bare,
        next_step="give http://HOST/v2/models/NAME or http://HOST/invocations",
    )


def _require_plain(parts: SplitResult, bare: str) -> None:
    if parts.scheme not in {"http", "https"}:
        raise UsageError("a model's address starts with http:// or https://", where=bare)
    if not parts.hostname or any((parts.username, parts.password, parts.query, parts.fragment)):
        raise UsageError(
            "a model's address has a host and a path, and no name, password, query or fragment",
            where=bare,
            next_step="put a token into an environment variable and name it with token_env",
        )
    if not parts.path.isascii() or not parts.path.isprintable() or " " in parts.path:
        raise UsageError("a model's address holds blanks, control or non-ASCII characters", where=bare)


def bearer(address: Address) -> str:
    """Return the token, or an empty string if none is asked for.

    Raises:
        UsageError: the variable is not set, or the token would travel unencrypted to another machine.
    """
    if not address.token_env:
        return ""
    token = os.environ.get(address.token_env, "")
    if not token or not token.isascii() or not token.isprintable():
        raise UsageError(
            f"the environment variable {address.token_env} does not hold a token",
            where=address.shown,
            next_step=f"set {address.token_env}",
        )
    if not address.secure and not _loopback(address.host):
        raise UsageError(
            "a token is not sent over plain http to another machine", where=address.shown, next_step="use https"
        )
    return token


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
