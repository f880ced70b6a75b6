# SPDX-License-Identifier: Apache-2.0
"""The project file: `hauberk.toml` or `[tool.hauberk]`, then `HAUBERK_*`, then flags. An unknown key is an error."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast, get_origin

import msgspec

from hauberk.core.errors import ConfigError
from hauberk.core.outcome import Param

Share = Annotated[float, msgspec.Meta(gt=0.0, le=1.0)]
Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class _Section(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A section of the file in which every key is known."""


class ProjectSection(_Section, frozen=True, kw_only=True):
    """`[project]`: what the model is for.

    Attributes:
        name: name of the project.
        positive: what the event is, in a word, such as `default` or `fraud`.
        currency: currency code of all amounts.
        seed: master seed of every run.
    """

    name: str = "unnamed"
    positive: str = "event"
    currency: str = ""
    seed: int = 0


class DataSection(_Section, frozen=True, kw_only=True):
    """`[data]`: the tables. Paths are relative to the project file.

    Attributes:
        train: the training data.
        holdout: labelled rows that the model was not trained on.
        reference: rows that a person trusts.
        label: name of the label column; 1 is the event.
        time: name of the time column.
        groups: columns whose values name subgroups.
        provenance: what is known of the origin: `owner`, `licence`, `origin`, `collected`, `digest`.
    """

    train: str = ""
    holdout: str = ""
    reference: str = ""
    label: str = ""
    time: str = ""
    groups: tuple[str, ...] = ()
    provenance: dict[str, str] = {}


class ModelSection(_Section, frozen=True, kw_only=True):
    """`[model]`: the model under assessment.

    Attributes:
        path: a file, a folder or an http(s) address.
        threshold: score from which on the business acts.
        positive: the class that is the event, where the classes are not 0 and 1.
        trust: digests of files that may be opened although their format can run code.
        features: columns it reads, where the file does not say.
        token_env: name of the environment variable that holds an endpoint's bearer token.
        timeout_s: seconds that an endpoint or a trusted file's process may take for one call.
    """

    path: str = ""
    threshold: Probability = 0.5
    positive: str | int = 1
    trust: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    token_env: str = ""
    timeout_s: Annotated[float, msgspec.Meta(gt=0.0)] = 30.0


class DomainSection(_Section, frozen=True, kw_only=True):
    """`[domain]`: where the declaration of valid records lies."""

    path: str = ""


class MoneySection(_Section, frozen=True, kw_only=True):
    """`[money]`: how a missed event becomes an amount; see `hauberk.assess.Money`. Minor units are those of ISO 4217."""

    amount: str = ""
    share: Share = 1.0
    flat: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0


class ChecksSection(_Section, frozen=True, kw_only=True):
    """`[checks]`: which checks run, and how.

    Attributes:
        select: ids or prefixes to run; empty for all.
        ignore: ids or prefixes to leave out; each is shown as skipped.
        timeout_s: seconds after which a check is ended.
        workers: processes that run checks; 0 runs them in this process, without the power to end them.
        params: parameters by check id.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    timeout_s: Annotated[float, msgspec.Meta(gt=0.0)] = 600.0
    workers: Annotated[int, msgspec.Meta(ge=0, le=64)] = 2
    params: dict[str, dict[str, Param]] = {}


class PolicySection(_Section, frozen=True, kw_only=True):
    """`[policy]`: what the gate judges by; without a path, the policy that ships with Hauberk."""

    path: str = ""
    max_age_days: Positive = 30


class TrustSection(_Section, frozen=True, kw_only=True):
    """`[trust]`: whose signatures count. Nothing in a model's own folder has a say in this.

    Attributes:
        key: name of the private key to sign with, where the user has several.
        keys: public keys (`name+hash+base64`) that may sign models and the ledger, beside the user's own. An ECDSA key,
            as a line or as a PEM file, may sign models alone.
        roots: PEM files with the root certificates under which models may be signed.
    """

    key: str = ""
    keys: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()


class PluginsSection(_Section, frozen=True, kw_only=True):
    """`[plugins]`: third-party checks that may be loaded, by entry-point name. Loading one runs its code."""

    allow: tuple[str, ...] = ()


class Config(_Section, frozen=True, kw_only=True):
    """The whole file; each `[[waiver]]` is read by `hauberk.assess.parse_waivers`."""

    project: ProjectSection = ProjectSection()
    data: DataSection = DataSection()
    model: ModelSection = ModelSection()
    domain: DomainSection = DomainSection()
    money: MoneySection = MoneySection()
    checks: ChecksSection = ChecksSection()
    policy: PolicySection = PolicySection()
    waiver: tuple[dict[str, Any], ...] = ()
    trust: TrustSection = TrustSection()
    plugins: PluginsSection = PluginsSection()


def find_config(start: Path) -> Path:
    """Return the project file of a folder: `hauberk.toml`, or `pyproject.toml` with a `[tool.hauberk]` table.

    Raises:
        ConfigError: there is none.
    """
    if start.is_file():
        return start
    candidate = start / "hauberk.toml"
    if candidate.is_file():
        return candidate
    pyproject = start / "pyproject.toml"
    if pyproject.is_file() and "hauberk" in _parse(pyproject).get("tool", {}):
        return pyproject
    raise ConfigError(
        "there is no project file here",
        where=str(candidate),
        next_step="run `hauberk init --data TABLE --label COLUMN --model FILE`, or name one with --config",
    )


def load_config(path: Path, *, env: Mapping[str, str] | None = None, flags: Mapping[str, Any] | None = None) -> Config:
    """Read a project file and lay environment and flags over it.

    Args:
        path: the file.
        env: environment; `HAUBERK_MODEL_THRESHOLD=0.4` sets `[model] threshold`. The process's own by default.
        flags: dotted key to value, such as `{"model.threshold": 0.4}`; None values are left out.

    Raises:
        ConfigError: a file that cannot be read, an unknown key (with a suggestion), or a value of the wrong kind.
    """
    tree = _parse(path)
    if path.name == "pyproject.toml":
        tree = tree.get("tool", {}).get("hauberk", {})
    _move_check_params(tree)
    for dotted, text in _environment(os.environ if env is None else env):
        _set(tree, dotted, text)
    for dotted, value in (flags or {}).items():
        if value is not None:
            _set(tree, dotted, value)
    _refuse_unknown(tree, Config, "", path)
    try:
        return msgspec.convert(tree, Config, strict=False)
    except msgspec.ValidationError as error:
        raise _misfit(path, str(error), os.environ if env is None else env) from error


def _misfit(path: Path, why: str, env: Mapping[str, str]) -> ConfigError:
    """Say where a value of the wrong kind stands: an environment variable covers what the file says."""
    found = re.search(r"`\$\.(\w+)\.(\w+)", why)
    variable = f"HAUBERK_{found[1]}_{found[2]}".upper() if found else ""
    if variable in env:
        return ConfigError(f"the environment variable {variable} has a value of the wrong kind", why=why)
    return ConfigError("a value in the project file has the wrong kind", where=str(path), why=why)


def _parse(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigError("the project file cannot be read", where=str(path), why=error.strerror or "") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("the project file is not TOML", where=str(path), why=str(error)) from error


def _move_check_params(tree: dict[str, Any]) -> None:
    """`[checks."HB-E001"] budget = 1` reads well; inside, parameters lie under `params`."""
    if not isinstance(tree.get("checks"), dict):
        return
    checks: dict[str, Any] = tree["checks"]
    moved = {key: checks.pop(key) for key in list(checks) if isinstance(checks[key], dict) and key != "params"}
    if moved:
        checks["params"] = {**checks.get("params", {}), **moved}


def _environment(env: Mapping[str, str]) -> list[tuple[str, Any]]:
    known = {
        f"HAUBERK_{section.name}_{key.name}".upper(): (f"{section.name}.{key.name}", get_origin(key.type) is tuple)
        for section in msgspec.structs.fields(Config)
        if isinstance(section.type, type) and issubclass(section.type, _Section)
        for key in msgspec.structs.fields(section.type)
    }
    sections = tuple(f"HAUBERK_{section.name}_".upper() for section in msgspec.structs.fields(Config))
    for name in sorted(env):
        if name.startswith(sections) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ConfigError(
                f"unknown environment variable {name}",
                where="environment",
                next_step=f"did you mean {near[0]}?" if near else "unset it",
            )
    return [(known[name][0], _env_value(text, known[name][1])) for name, text in sorted(env.items()) if name in known]


def _env_value(text: str, is_list: bool) -> Any:
    """Numbers stay text (the conversion is lax); commas part the entries of a list."""
    return [part.strip() for part in text.split(",") if part.strip()] if is_list else text


def _set(tree: dict[str, Any], dotted: str, value: Any) -> None:
    section, _, key = dotted.partition(".")
    tree.setdefault(section, {})[key] = value


def _refuse_unknown(tree: Mapping[str, Any], kind: type[msgspec.Struct], prefix: str, path: Path) -> None:
    fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
    for key, value in tree.items():
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            raise ConfigError(
                f"unknown key {prefix}{key}",
                where=str(path),
                next_step=f"did you mean {prefix}{near[0]}?" if near else f"known keys: {', '.join(sorted(fields))}",
            )
        inner = fields[key]
        if isinstance(inner, type) and issubclass(inner, _Section) and isinstance(value, dict):
            _refuse_unknown(cast("dict[str, Any]", value), inner, f"{prefix}{key}.", path)
