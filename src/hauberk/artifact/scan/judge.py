# SPDX-License-Identifier: Apache-2.0
"""Judges every name, call and state of a pickle stream: default deny."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hauberk.artifact.formats.machine import Machine
from hauberk.artifact.formats.symbol import OPAQUE, Items, Made, Name, Pairs, Persistent, Span, parts, shown
from hauberk.artifact.scan.argument import JUDGEMENTS, ROLES, partial
from hauberk.artifact.scan.names import Permit, danger, permit, walks
from hauberk.artifact.scan.verdict import ScanFinding, rules

MAX_FINDINGS = 200
"""Findings kept of one file; the verdict counts all."""

_INERT = (Items, Pairs, str, bytes, int, Span)
_ARRAY = Name("joblib.numpy_pickle", "NumpyArrayWrapper")

Nested = Callable[[bytes | Span], Sequence[ScanFinding]]
"""Scans bytes inside the stream, and returns what was found."""


class Judge:
    """The watcher of one stream.

    Args:
        nested: scans the bytes of a nested loader.
        arrays: reads the array bytes that joblib puts behind a wrapper's BUILD; None where there are none.
        stored: whether persistent ids name storages, as torch writes them.
        member: where the stream lies.
    """

    def __init__(
        self,
        nested: Nested,
        *,
        arrays: Callable[[Machine, Made], None] | None = None,
        stored: bool = False,
        member: str = "",
    ) -> None:
        self.nested = nested
        self.arrays = arrays
        self.stored = stored
        self.member = member
        self.findings: list[ScanFinding] = []
        self.storages: list[tuple[object, ...]] = []
        self.seen: set[str] = set()
        self.rules: set[str] = set()

    def report(self, machine: Machine, rule: str, detail: str, callee: object = "", arguments: object = "") -> None:
        """Note a finding at the machine's place; of each rule and detail only the first is kept."""
        known = f"{rule}\x1f{detail}\x1f{callee!r}"
        if known in self.seen or (len(self.findings) >= MAX_FINDINGS and rule in self.rules):
            return
        self.rules.add(rule)
        if len(self.findings) < MAX_FINDINGS:
            self.seen.add(known)
        self.findings.append(
            ScanFinding(
                rule=rules()[rule],
                detail=detail,
                at=machine.at,
                opcode=machine.count,
                callable=repr(callee) if isinstance(callee, Name | Made) else "",
                arguments=shown(arguments) if arguments != "" else "",
                member=self.member,
            )
        )

    def name(self, machine: Machine, module: str, name: str) -> object:
        """Judge a global by exact module and name."""
        asked = Name(module, name)
        if permit(module, name) is not None:
            return asked
        reason = danger(module, name)
        if not reason and walks(name):
            self.report(machine, "HB-PK007", f"{asked!r} walks out of its module", asked)
        elif reason:
            self.report(machine, "HB-PK001", f"{asked!r} {reason}", asked)
        else:
            self.report(machine, "HB-PK002", f"{asked!r} is not on the allow-list", asked)
        return asked

    def call(self, machine: Machine, callee: object, arguments: tuple[object, ...]) -> object:
        """Judge a call, an instantiation or a NEWOBJ by callable and arguments."""
        made = Made(callee, arguments)
        if not isinstance(callee, Name):
            self.report(machine, "HB-PK004", f"{machine.opcode} calls {shown(callee)}", callee, arguments)
            made.role = "unknown"
            return made
        found = permit(callee.module, callee.name)
        if found is None:
            self._refused(callee, arguments)
            made.role = "unknown"
        elif found.use == "reference":
            self.report(machine, "HB-PK003", f"{callee!r} may be named, not called", callee, arguments)
        elif found.use == "nested":
            self._nested(machine, callee, arguments)
        elif found.use in JUDGEMENTS:
            self._judged(machine, callee, arguments, found, made)
        return made

    def _refused(self, callee: Name, arguments: tuple[object, ...]) -> None:
        """Say with which arguments a refused callable would be reached."""
        for index, each in enumerate(self.findings):
            if each.callable == repr(callee) and not each.arguments:
                self.findings[index] = ScanFinding(
                    rule=each.rule,
                    detail=each.detail,
                    at=each.at,
                    opcode=each.opcode,
                    callable=each.callable,
                    arguments=shown(arguments),
                    member=each.member,
                )

    def _judged(self, machine: Machine, callee: Name, arguments: tuple[object, ...], found: Permit, made: Made) -> None:
        reason = JUDGEMENTS[found.use](arguments)
        if reason:
            self.report(machine, "HB-PK008", f"{callee!r}: {reason}", callee, arguments)
        made.role = ROLES.get(found.use, "instance")
        if found.use == "reconstructor" and arguments:
            made.callee = arguments[0]

    def _nested(self, machine: Machine, callee: Name, arguments: tuple[object, ...]) -> None:
        content = arguments[0] if len(arguments) == 1 else None
        if not isinstance(content, bytes | Span) or (isinstance(content, Span) and content.text):
            self.report(machine, "HB-PK005", f"{callee!r} reads bytes that cannot be told", callee, arguments)
            return
        self.findings.extend(self.nested(content))

    def build(self, machine: Machine, target: object, state: object) -> object:
        """Judge a state, and read the array that joblib puts behind one."""
        if not isinstance(target, Made):
            self.report(machine, "HB-PK009", f"BUILD writes into {shown(target)}", target, state)
            return target
        if self._hidden(state):
            self.report(machine, "HB-PK009", f"a hidden attribute of {target!r} is written", target, state)
        if target.role == "callable" and not self._partial(target, state):
            self.report(machine, "HB-PK008", f"the state of {target!r} holds what is not permitted", target, state)
        if target.role in {"tensor", "unknown"} and not (target.role == "unknown" and self.findings):
            self.report(machine, "HB-PK003", f"{target!r} may not be given a state", target, state)
        target.state = state
        if target.callee == _ARRAY and self.arrays is not None:
            self.arrays(machine, target)
            return Made(Name("numpy", "ndarray"), ())
        return target

    @staticmethod
    def _hidden(state: object) -> bool:
        both = parts(state)
        for part in both if both is not None and len(both) == 2 else (state,):
            keys = part.held if isinstance(part, Pairs) else ()
            if any(isinstance(key, str) and key.startswith("__") and key.endswith("__") for key in keys):
                return True
        return False

    @staticmethod
    def _partial(target: Made, state: object) -> bool:
        named = isinstance(target.callee, Name) and target.callee.name == "partial"
        given = parts(state)
        return named and given is not None and len(given) == 4 and not partial(given)

    def fill(self, machine: Machine, target: object, how: str) -> None:
        """Judge items put into what is no plain container: only permitted containers have harmless methods for it."""
        if isinstance(target, Made) and isinstance(target.callee, Name):
            found = permit(target.callee.module, target.callee.name)
            if found is not None and found.use in {"container", "factory"}:
                return
        if target is None or target is OPAQUE or parts(target) is not None or isinstance(target, _INERT):
            self.defect(machine, f"{machine.opcode} fills {shown(target)}")
            return
        self.report(machine, "HB-PK003", f"{machine.opcode} calls {how!r} of {shown(target)}", target)

    def persistent(self, machine: Machine, identity: object) -> object:
        """Take note of a storage; anything else has no reader."""
        storage = parts(identity)
        if self.stored and storage is not None and len(storage) >= 5 and storage[0] == "storage":
            self.storages.append(storage)
        else:
            self.defect(machine, "a persistent id that no reader resolves")
        return Persistent(OPAQUE)

    def deceives(self, machine: Machine, what: str) -> None:
        """Two readers would see different streams."""
        self.report(machine, "HB-PK006", what)

    def defect(self, machine: Machine, what: str) -> None:
        """CPython would raise here."""
        self.report(machine, "HB-PK010", what)
