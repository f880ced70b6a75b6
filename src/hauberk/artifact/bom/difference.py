# SPDX-License-Identifier: Apache-2.0
"""What differs between two bills of material, in words."""

from __future__ import annotations

from hauberk.artifact.bom.read import Bom


def bom_differences(before: Bom, after: Bom) -> list[str]:
    """Name what changed from one bill to another, one phrase a change; both must have the same format to mean much."""
    phrases = [f"model: {before.model} → {after.model}"] if before.model != after.model else []
    for old, new in ((before.parts, after.parts), (before.statements, after.statements)):
        phrases += [f"gone: {name} ({old[name]})" for name in sorted(old.keys() - new.keys())]
        phrases += [f"new: {name} ({new[name]})" for name in sorted(new.keys() - old.keys())]
        both = sorted(old.keys() & new.keys())
        phrases += [f"changed: {name}: {old[name]} → {new[name]}" for name in both if old[name] != new[name]]
    return phrases
