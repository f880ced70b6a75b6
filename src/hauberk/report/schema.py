# SPDX-License-Identifier: Apache-2.0
"""The published JSON Schema of a run, generated from the records themselves: `python -m hauberk.report.schema`."""

from __future__ import annotations

import sys
from importlib.resources import files
from typing import Any

import msgspec

from hauberk.core.run import SCHEMA_VERSION, Run

FILE = f"schema/run-{SCHEMA_VERSION}.json"
"""Where the schema lies, relative to this package."""


def build_schema() -> dict[str, Any]:
    """Return the schema: the records of a run, and what the JSON rendering adds beside them.

    Unknown properties are allowed, so that a reader of version 1.0 reads 1.1.
    """
    (reference,), definitions = msgspec.json.schema_components([Run], ref_template="#/$defs/{name}")
    for definition in definitions.values():  # the summary alone: a reworded docstring is not another schema
        if "description" in definition:
            definition["description"] = definition["description"].split("\n")[0]
    definitions["Finding"]["properties"]["fingerprint"] = {
        "type": "string",
        "pattern": "^[0-9a-f]{32}$",
        "description": "Identity of the finding: check, asset and location. Written by the JSON rendering.",
    }
    for name in ("value", "low", "high"):
        _allow_infinity(definitions["Measurement"]["properties"], name)
    run = definitions["Run"]
    run["properties"] |= {
        "exit_code": {"type": "integer", "enum": [0, 1, 3, 4, 5]},
        "verdict": {"type": "string"},
        "masked": {"type": "boolean", "description": "Values of personal columns are replaced by a mask."},
    }
    run["required"] = sorted({*run["required"], "schema_version"})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:hauberk:schema:run:{SCHEMA_VERSION}",
        "title": f"Hauberk run {SCHEMA_VERSION}",
        **reference,
        "$defs": definitions,
    }


def _allow_infinity(properties: dict[str, Any], name: str) -> None:
    """A measured number may be unbounded; JSON has no infinity, so that it is the string `inf` or `-inf`."""
    kept = properties[name]
    default = {"default": kept["default"]} if "default" in kept else {}
    choices = kept.get("anyOf") or [{key: value for key, value in kept.items() if key != "default"}]
    properties[name] = {"anyOf": [*choices, {"enum": ["inf", "-inf"]}], **default}


def schema_bytes() -> bytes:
    """Return the schema as it is published: indented JSON with sorted keys and a final line feed."""
    return msgspec.json.format(msgspec.json.encode(build_schema(), order="sorted"), indent=2) + b"\n"


def published_schema() -> bytes:
    """Return the bytes of the schema file that ships with the package."""
    return files("hauberk.report").joinpath(FILE).read_bytes()


if __name__ == "__main__":
    sys.stdout.buffer.write(schema_bytes())
