# SPDX-License-Identifier: Apache-2.0
"""The text of a new project file."""

from __future__ import annotations

import json

_TEMPLATE = """\
# The project file of Hauberk. `hauberk check` runs everything that is declared here.
# Lines that begin with # are off; an unknown key is an error. Paths are relative to this file.

[project]
name = {name}
positive = {positive}  # what a 1 in the label means
currency = {currency}  # code of all amounts, such as "EUR"
seed = 0

[data]
train = {train}
{holdout}
{no_reference}reference = "trusted.parquet"  # rows that a person trusts, for drift
label = {label}
# time = "booked_at"
# groups = ["region"]  # subgroups whose label and error rates are compared

[data.provenance]  # without an owner, a licence and an origin nobody can answer for the data
# owner = ""
# licence = ""
# origin = ""
# collected = ""

[model]
{model}
threshold = {threshold}  # the score from which on the business acts
{trust}

[domain]
path = "domain.toml"  # read it, correct it, and set confirmed = true

[money]  # how a missed event becomes an amount
# amount = "column with the amount at stake"
# share = 1.0
# flat = 0.0

# [checks]
# ignore = ["HB-D019"]
# [checks."HB-E001"]
# rows = 500

[policy]
# path = "policy.cedar"
max_age_days = 30

# [[waiver]]
# fingerprint = "32 hexadecimal digits, from a report"
# reason = "why it is accepted"
# owner = "who accepts it"
# expires = "2030-12-31"
"""


def project_text(
    *,
    name: str,
    positive: str,
    currency: str,
    train: str,
    holdout: str,
    label: str,
    model: str,
    threshold: float,
    trust: tuple[str, ...],
) -> str:
    """Return the commented text of a project file; the arguments are those of `init_project`."""
    return _TEMPLATE.format(
        name=_text(name),
        positive=_text(positive),
        currency=_text(currency),
        train=_text(train),
        holdout=f"holdout = {_text(holdout)}"
        if holdout
        else '# holdout = "holdout.parquet"  # rows the model has not seen',
        no_reference="# ",
        label=_text(label),
        model=f"path = {_text(model)}" if model else '# path = "model.txt"  # file, folder or http(s) address',
        threshold=f"{threshold:g}",
        trust=f"trust = [{', '.join(_text(digest) for digest in trust)}]"
        if trust
        else '# trust = ["sha256:…"]  # files that may be opened although their format can run code',
    )


def _text(value: str) -> str:
    """A TOML basic string; JSON escapes are a subset of TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
