# SPDX-License-Identifier: Apache-2.0
"""HB-A001: the model is not signed, or its signature does not hold."""

from __future__ import annotations

from collections.abc import Iterator

from hauberk.assess import CheckContext, SignatureState, Situation
from hauberk.core.check import Examples, Need, Stage, check
from hauberk.core.finding import Confidence, Finding, Location, Severity


@check(
    id="HB-A001",
    title="The model carries no valid signature",
    threats=("AML.T0010", "ML06:2023", "CWE-345"),
    needs=(Need.SIGNATURE,),
    stage=Stage.ARTIFACT,
)
def unsigned_model(ctx: CheckContext) -> Iterator[Finding]:
    """A model whose bytes no one vouches for can be swapped between training and service.

    **What is looked at.** The signature that was found beside the model, verified over the very bytes that this run
    assessed, with the keys that the project trusts. The list of trusted keys never comes from the model's own folder.

    **Why an attacker cares.** Whoever can write to the store of models can put another model there, such as one that
    lets chosen records through. Neither file name nor version number shows the swap; a signature does.

    **How it is decided.** No signature is a finding of medium severity. A signature that does not verify, or whose key
    is not trusted, is critical: either the bytes changed after signing, or somebody else signed them.

    **False alarms.** A model that was trained again and not yet signed again has an old signature that does not hold.

    **Remedy.** `hauberk artifact sign MODEL` with the key of the person or job that vouches for the model.
    """
    state = ctx.signature or SignatureState()
    if state.present and state.valid:
        return
    if state.present:
        yield Finding(
            check="HB-A001",
            title="The model's signature does not hold",
            message=f"A signature was found that does not vouch for these bytes: {state.problem or 'it is not valid'}.",
            severity=Severity.CRITICAL,
            confidence=Confidence.HIGH,
            location=Location(asset="model", key="invalid"),
            remedy="Find out who changed the model since it was signed. If the change was meant, sign it again.",
            threats=("AML.T0010", "ML06:2023", "CWE-345"),
        )
        return
    yield Finding(
        check="HB-A001",
        title="The model is not signed",
        message="No signature was found for this model, so that nobody can tell it from another one put in its place.",
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        location=Location(asset="model", key="missing"),
        remedy="Sign it with `hauberk artifact sign MODEL`, and let the service verify the signature when it loads it.",
        threats=("AML.T0010", "ML06:2023", "CWE-345"),
    )


def _bad() -> Situation:
    return Situation(signature=SignatureState(present=True, problem="model.txt was changed"))


def _clean() -> Situation:
    return Situation(signature=SignatureState(present=True, valid=True, signer="release"))


EXAMPLES = Examples(bad=_bad, clean=_clean)
