# SPDX-License-Identifier: Apache-2.0
"""scikit-learn's isolation forest as a forest.

A row's margin is its mean depth over the depth that is usual: the anomaly score is 2 to the power of minus it, and
`score_samples` its negative.
Source: scikit-learn, sklearn/ensemble/_iforest.py; Liu, Ting and Zhou, Isolation Forest, 2008.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hauberk.model.forest.flat import Forest, Link
from hauberk.model.forest.from_sklearn import sklearn_tree
from hauberk.model.forest.grow import flatten
from hauberk.model.forest.proof import Source, proven


def forest_of_isolation(model: Any, where: str) -> Forest:
    """Convert an IsolationForest.

    Raises:
        UsageError: it is not margin-equal.
    """
    trees = [
        sklearn_tree(member.tree_, _depths(member.tree_), np.asarray(columns, dtype=np.int64))
        for member, columns in zip(model.estimators_, model.estimators_features_, strict=True)
    ]
    usual = len(trees) * float(usual_depth(np.array([model.max_samples_]))[0])
    forest = flatten(
        trees,
        width=int(model.n_features_in_),
        where=where,
        library="scikit-learn",
        # with one training row there is no depth at all, and the library calls every row usual
        start=np.full(1, 0.0 if usual else 1.0),
        divisor=usual or 1.0,
        single=True,
        link=Link.HALVING,
    )
    source = Source(
        margins=lambda rows: -np.log2(-model.score_samples(rows)), scores=lambda rows: -model.score_samples(rows)
    )
    return proven(forest, source, where=where)


def usual_depth(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean depth of an unsuccessful search in a tree of so many rows.

    Examples:
        >>> usual_depth(np.array([1, 2, 3])).round(3).tolist()
        [0.0, 1.0, 1.207]
    """
    n = np.maximum(rows.astype(np.float64), 3.0)
    deep = 2.0 * (np.log(n - 1.0) + np.euler_gamma) - 2.0 * (n - 1.0) / n
    return np.where(rows <= 1, 0.0, np.where(rows == 2, 1.0, deep))


def _depths(tree: Any) -> NDArray[np.float64]:
    """Depth of each node, plus the depth still to come below it, shape (n, 1)."""
    depths = tree.compute_node_depths() + usual_depth(tree.n_node_samples) - 1.0
    return np.asarray(depths, dtype=np.float64)[:, None]
