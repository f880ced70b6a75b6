# SPDX-License-Identifier: Apache-2.0
"""Hostile files are malicious by family, whatever they are called, and wherever they lie. None is ever loaded."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from hauberk.app.scan import render_scan, scan_exit_code
from hauberk.artifact.scan import Verdict, scan_path
from hauberk.cli.main import run

_SPEC = importlib.util.spec_from_file_location("hostile_streams", Path(__file__).with_name("hostile_streams.py"))
hostile = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(hostile)
CASES = {**hostile.streams(), **hostile.wrapped()}


@pytest.mark.parametrize("family", sorted(CASES))
def test_hostile_file_is_malicious(family, tmp_path):
    path = tmp_path / "model.txt"
    path.write_bytes(CASES[family])
    (found,) = scan_path(path)
    assert found.verdict is Verdict.MALICIOUS
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "x.safetensors").write_bytes(CASES[family])
    (inside,) = scan_path(folder)
    assert (inside.format, inside.findings) == (found.format, found.findings)


def test_an_unknown_class_is_suspicious(tmp_path):
    path = tmp_path / "m"
    path.write_bytes(b"\x80\x02cmy_company.models\nScorer\n)\x81}b.")
    (found,) = scan_path(path)
    assert found.verdict is Verdict.SUSPICIOUS
    assert found.findings[0].callable == "my_company.models.Scorer"
    assert (found.findings[0].at, found.findings[0].opcode) == (2, 1)


def test_the_finding_says_what_would_be_called(tmp_path):
    path = tmp_path / "m"
    path.write_bytes(CASES["protocol 0"])
    (found,) = scan_path(path)
    assert (found.findings[0].callable, found.findings[0].arguments) == ("os.system", "('echo inert')")


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        (b"N.junk", Verdict.MALFORMED),
        (b"\x80\x02]", Verdict.MALFORMED),
        (b"GGUF\x03\x00\x00\x00", Verdict.UNKNOWN),
        (b"\x89HDF\r\n\x1a\n", Verdict.UNKNOWN),
        (b"hello", Verdict.UNKNOWN),
        (b"", Verdict.UNKNOWN),
        (b"#!/bin/sh\n", Verdict.CARRIES_CODE),
    ],
)
def test_what_is_not_understood_is_not_clean(content, verdict, tmp_path):
    path = tmp_path / "m"
    path.write_bytes(content)
    assert scan_path(path)[0].verdict is verdict


def test_a_spent_budget_is_incomplete(tmp_path):
    path = tmp_path / "m"
    path.write_bytes(b"(" + b"N0" * 5000 + b"t.")
    assert scan_path(path, opcodes=100)[0].verdict is Verdict.INCOMPLETE
    assert scan_path(path)[0].verdict is Verdict.CLEAN


def test_a_bomb_is_incomplete(tmp_path):
    import gzip

    path = tmp_path / "m"
    path.write_bytes(gzip.compress(gzip.compress(bytes(1 << 28))))
    assert scan_path(path)[0].verdict is not Verdict.CLEAN


def test_command_exit_codes_and_formats(tmp_path, capfdbinary):
    clean, bad, odd = tmp_path / "clean", tmp_path / "bad", tmp_path / "odd"
    clean.write_bytes(b"\x80\x02N.")
    bad.write_bytes(CASES["inst"])
    odd.write_bytes(b"?")
    assert run(["artifact", "scan", str(clean)]) == 0
    assert run(["artifact", "scan", str(clean), str(odd)]) == 4
    capfdbinary.readouterr()
    assert run(["artifact", "scan", str(tmp_path), "--format", "json"]) == 1
    listed = json.loads(capfdbinary.readouterr().out)
    assert [Path(each["path"]).name for each in listed] == ["bad", "clean", "odd"]
    assert [each["verdict"] for each in listed] == ["malicious", "clean", "unknown"]
    assert run(["artifact", "scan", str(tmp_path / "nothing")]) == 2
    found = scan_path(tmp_path)
    sarif = json.loads(render_scan(found, "sarif"))
    assert {each["ruleId"] for each in sarif["runs"][0]["results"]} == {"HB-PK001", "HB-FM001"}
    assert scan_exit_code(found) == 1


def test_links_and_pipes_are_not_followed(tmp_path):
    (tmp_path / "a").write_bytes(b"N.")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert [each.verdict for each in scan_path(tmp_path)] == [Verdict.CLEAN, Verdict.INCOMPLETE]


def test_no_unpickler_is_imported():
    """In a process of its own, the scanner needs neither an unpickler nor a framework."""
    import subprocess

    code = (
        "import sys; from hauberk.artifact.formats import step; from hauberk.artifact.scan import inspect; "
        "bad = {'joblib', 'torch', 'dill', 'cloudpickle', 'numpy'} & set(sys.modules); "
        "sys.exit(repr(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_a_member_that_claims_more_than_the_file_ends(tmp_path):
    content = bytearray(CASES["deflated"])
    for at in (content.index(b"PK\x03\x04") + 18, content.index(b"PK\x01\x02") + 20):
        content[at : at + 4] = b"\xff\xff\xff\x7f"
    path = tmp_path / "m"
    path.write_bytes(bytes(content))
    assert scan_path(path)[0].verdict is Verdict.MALICIOUS
