# SPDX-License-Identifier: Apache-2.0
"""One flat forest: the trees of every library as the same arrays, proven to score as the library does.

Importing this room part loads numpy alone: converters arrive with a model of their library, kernels with the first rows.
"""

from hauberk.model.forest.convert import forest_of
from hauberk.model.forest.flat import Forest, Link

__all__ = ["Forest", "Link", "forest_of"]
