# SPDX-License-Identifier: Apache-2.0
"""The numeric view of a domain for attack loops: matrices in, matrices out, no loop over rows."""

from hauberk.domain.space.view import Space

__all__ = ["Space"]
