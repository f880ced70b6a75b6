# SPDX-License-Identifier: Apache-2.0
"""Bills of material of a model: CycloneDX 1.6 and 1.7, SPDX 3.0.1; written from one set of facts, read, held apart."""

from hauberk.artifact.bom.cyclonedx import write_cyclonedx
from hauberk.artifact.bom.difference import bom_differences
from hauberk.artifact.bom.facts import BomFacts, Dataset, Metric, Signed
from hauberk.artifact.bom.read import Bom, read_bom
from hauberk.artifact.bom.spdx import write_spdx

__all__ = [
    "Bom",
    "BomFacts",
    "Dataset",
    "Metric",
    "Signed",
    "bom_differences",
    "read_bom",
    "write_cyclonedx",
    "write_spdx",
]
