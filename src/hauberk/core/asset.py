# SPDX-License-Identifier: Apache-2.0
"""What Hauberk looks at: models, data sets, domains, policies. An asset's identity is its digest, never its name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AssetKind(StrEnum):
    """The kinds of asset that a run can name."""

    DATASET = "dataset"
    MODEL = "model"
    DOMAIN = "domain"
    POLICY = "policy"
    ENDPOINT = "endpoint"
    LEDGER = "ledger"
    CONFIG = "config"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRef:
    """A reference to one version of an asset.

    Attributes:
        kind: what it is.
        name: what people call it; two assets may share a name.
        digest: `sha256:` and 64 hexadecimal digits of its bytes; empty only for an endpoint.
        role: its part in the run, such as `train`, `holdout`, `reference`, `model`.
        uri: where it was read, relative to the project where that is possible.
    """

    kind: AssetKind
    name: str
    digest: str
    role: str = ""
    uri: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureState:
    """What is known of the model's signature before the run.

    Attributes:
        present: a signature file was found.
        valid: it verifies over the very bytes that were assessed.
        signer: name or fingerprint of the key.
        problem: why it is not valid; empty if it is.
        digest: what it vouches for: digest of the model's bytes; empty if it is not valid.
    """

    present: bool = False
    valid: bool = False
    signer: str = ""
    problem: str = ""
    digest: str = ""
