# SPDX-License-Identifier: Apache-2.0
"""HB-A002: no digest ties the results to a model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hauberk.assess import CheckContext, Situation
from hauberk.core.check import Examples, Need, Stage, check
from hauberk.core.errors import Incomplete
from hauberk.core.finding import Confidence, Finding, Location, Severity
from hauberk.model import ModelView


@check(
    id="HB-A002",
    title="No digest ties the results to the model",
    threats=("AML.T0010", "CWE-345"),
    needs=(Need.MODEL,),
    stage=Stage.ARTIFACT,
)
def model_without_digest(ctx: CheckContext) -> Iterator[Finding]:
    """Results of a model that nobody can tell from another one prove nothing about the model in service.

    **What is looked at.** Whether the model that answered has a digest of its bytes.

    **Why it matters.** An address answers with whatever runs behind it at that moment. Two minutes after the assessment
    another model can stand there, by a roll-out or by an attacker, and the report would still look true.

    **How it is decided.** A model behind an address is a finding of medium severity, a model in memory of low severity,
    since it never left the process that made it. A model that was read from a file has a digest.

    **False alarms.** None: without a digest the tie does not exist. It may not be needed while a model is being made.

    **Remedy.** Assess the file that is deployed, sign it, and let the service refuse any other digest.
    """
    if ctx.model is None:
        raise Incomplete("the engine called this check without a model")
    if ctx.model.digest:
        return
    far = ctx.model.framework == "endpoint"
    source = "An address answered for the model" if far else "The model was an object in memory"
    yield Finding(
        check="HB-A002",
        title="No digest ties these results to a model",
        message=f"{source}, so that nobody can prove later which model these results belong to.",
        severity=Severity.MEDIUM if far else Severity.LOW,
        confidence=Confidence.HIGH,
        location=Location(asset="model", key="digest"),
        remedy="Assess the file that is deployed, sign it, and let the service refuse any other digest.",
        threats=("AML.T0010", "CWE-345"),
    )


def _half(frame: pl.DataFrame) -> NDArray[np.float64]:
    return np.full(frame.height, 0.5)


def _situation(digest: str) -> Situation:
    view = ModelView(name="m", digest=digest, framework="endpoint", features=("x",), scorer=_half)
    return Situation(model=view)


def _bad() -> Situation:
    return _situation("")


def _clean() -> Situation:
    return _situation("sha256:" + "0" * 64)


EXAMPLES = Examples(bad=_bad, clean=_clean)
