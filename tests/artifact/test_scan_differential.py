# SPDX-License-Identifier: Apache-2.0
"""Against CPython's own unpickler, which is let to look names up and gets nothing: clean means that it asks for no other."""

from __future__ import annotations

import collections
import contextlib
import io
import pickle

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hauberk.artifact.formats.machine import Budget
from hauberk.artifact.formats.opcode import modern_name
from hauberk.artifact.formats.source import MemorySource
from hauberk.artifact.scan.inspect import Inspection
from hauberk.artifact.scan.names import permit
from hauberk.artifact.scan.verdict import Verdict, worst

_HOSTILE = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04inert\x85R."
_SEEDS = [
    pickle.dumps(value, protocol)
    for value in (
        np.arange(6.0).reshape(2, 3),
        {"a": [1, 2.5, "x", b"y" * 300], "b": collections.OrderedDict(c=(1, 2))},
        collections.defaultdict(list, a=[1]),
    )
    for protocol in range(6)
] + [_HOSTILE, b"cos\nsystem\n(S'inert'\ntR.", b"I0x10\n0(cos\nsystem\nS'inert'\no0N."]


class _Inert:
    """Stands for whatever a stream asks for; being called or filled does nothing."""

    def __call__(self, *args, **kwargs):
        return _Inert()

    def append(self, *args):
        return None

    extend = __setitem__ = __setstate__ = append


class _Recorder(pickle.Unpickler):
    """The C unpickler, with every lookup recorded and answered by something inert."""

    def __init__(self, *args):
        super().__init__(*args)
        self.asked = []

    def find_class(self, module, name):
        self.asked.append((module, name))
        return _Inert()


def _asked(content):
    recorder = _Recorder(io.BytesIO(content))
    with contextlib.suppress(Exception):  # whatever a mutated stream raises, what it asked for before counts
        recorder.load()
    return recorder.asked


def _verdict(content, opcodes=20_000):
    inspection = Inspection(MemorySource(content), Budget(opcodes))
    inspection.run()
    return worst([each.rule.verdict for each in inspection.findings])


@given(st.binary(max_size=400))
@settings(max_examples=600, deadline=None)
def test_any_bytes_get_a_verdict(content):
    assert _verdict(content) in Verdict


@given(st.sampled_from([b"\x80\x04", b"(", b"]", b"\x80\x02}"]), st.binary(max_size=200))
@settings(max_examples=600, deadline=None)
def test_any_stream_gets_a_verdict(head, content):
    assert _verdict(head + content) in Verdict


_edit = st.tuples(st.integers(0, 10_000), st.integers(0, 2), st.binary(min_size=1, max_size=4))


@given(st.sampled_from(_SEEDS), st.lists(_edit, max_size=4))
@settings(max_examples=1500, deadline=None)
def test_clean_means_that_cpython_asks_for_permitted_names_only(seed, edits):
    content = bytearray(seed)
    for at, kind, piece in edits:
        at %= len(content) + 1
        if kind == 0:
            content[at : at + len(piece)] = piece
        elif kind == 1:
            content[at:at] = piece
        else:
            del content[at : at + len(piece)]
    content = bytes(content)
    if _verdict(content) is Verdict.CLEAN:
        assert [name for name in _asked(content) if not (permit(*name) or permit(*modern_name(*name)))] == []


def test_an_escape_that_means_nothing_is_no_defect_of_the_scan():
    assert _verdict(b"S'\\inert'\n.") is Verdict.CLEAN


def test_the_oracle_sees_what_a_hostile_stream_asks_for():
    assert _asked(_HOSTILE) == [("os", "system")]
    assert _verdict(_HOSTILE) is Verdict.MALICIOUS
