# SPDX-License-Identifier: Apache-2.0
"""Honest files of the real libraries are clean, all of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from hauberk.artifact.scan import Verdict, scan_path

_SPEC = importlib.util.spec_from_file_location("honest_files", Path(__file__).with_name("honest_files.py"))
honest = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(honest)


@pytest.mark.parametrize(("write", "least"), [("write_pickles", 500), ("write_boosters", 20), ("write_arrays", 8)])
@pytest.mark.filterwarnings("ignore")
def test_every_honest_file_is_clean(write, least, tmp_path):
    getattr(honest, write)(tmp_path)
    found = scan_path(tmp_path)
    assert len(found) >= least
    assert [(each.path, each.findings[:2]) for each in found if each.verdict is not Verdict.CLEAN] == []


def test_formats_are_named_by_content(tmp_path):
    honest.write_arrays(tmp_path)
    named = {Path(each.path).name: each.format for each in scan_path(tmp_path)}
    assert named == {
        "a.npy": "npy",
        "o.npy": "npy/objects",
        "a.npz": "zip/npz",
        "b.npz": "zip/npz",
        "state.pt": "zip/torch",
        "legacy.pt": "torch/legacy",
        "checkpoint.pt": "zip/torch",
        "tensor.pkl": "pickle",
    }
