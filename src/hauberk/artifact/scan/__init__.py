# SPDX-License-Identifier: Apache-2.0
"""The verdict on a model file, with the offset and the rule that gave it. Default deny: what is not known is not clean."""

from hauberk.artifact.scan.verdict import FileVerdict, Rule, ScanFinding, Verdict
from hauberk.artifact.scan.walk import scan_path

__all__ = ["FileVerdict", "Rule", "ScanFinding", "Verdict", "scan_path"]
