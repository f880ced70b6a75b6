# SPDX-License-Identifier: Apache-2.0
"""Take up options one by one, cheapest first, while together they cost no more than is allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def affordable(
    options: Sequence[str], area: Callable[[tuple[str, ...]], float], floor: float, most: int
) -> tuple[str, ...]:
    """The options that can be taken together.

    Each option is tried alone; then they are added in the order of what they cost, and one that takes the area below the
    floor is left out.

    Args:
        options: names of the options.
        area: area under the curve with some options taken; called at most `most` times.
        floor: the least area that is allowed.
        most: how many times the area may be asked for, two for each option that is looked at.

    Example:
        >>> cost = {"a": 0.001, "b": 0.02, "c": 0.003}
        >>> affordable(("a", "b", "c"), lambda taken: 0.8 - sum(cost[name] for name in taken), 0.79, 9)
        ('a', 'c')
    """
    looked = options[: max(most // 2, 1)]
    alone = {name: area((name,)) for name in looked}
    taken: tuple[str, ...] = ()
    for name in sorted(looked, key=lambda name: (-alone[name], name)):
        wanted = (*taken, name)
        reached = alone[name] if not taken else area(wanted)
        if reached >= floor:
            taken = wanted
    return taken
