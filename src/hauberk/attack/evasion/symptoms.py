# SPDX-License-Identifier: Apache-2.0
"""What makes the result of an attack masked: a sign that the model's answers, not its decisions, kept the attack off."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hauberk.attack.evasion.ladder import Rate
from hauberk.core.measurement import Measurement


class Symptom(StrEnum):
    """What can be wrong with a model's answers, or with an attack that rests on them."""

    RANDOM = "randomised answers"
    MEMORY = "answers that change when a question is repeated"
    COMPANY = "answers that depend on the other records of a batch"
    COARSE = "coarse answers"
    SATURATED = "saturated answers"
    STEPPED = "rounded inputs"
    SHATTERED = "shattered answers"
    ONE_SIDED = "no record is let through"
    BLOCKED = "an attack that fails although everything is free"
    WEAKER = "a stronger attacker who finds less"
    MISLEADING = "scores that lead the attacker astray"
    FRAGILE = "evasions that do not survive a journey through a file"


ORDER = tuple(Symptom)
"""The symptoms in the order in which they are told: what explains the others comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One test of the self-check and how it came out.

    Attributes:
        symptom: what a bad result would be a sign of.
        name: name of the measurement.
        test: what was done, in a few words.
        sound: what is expected of answers that hide nothing, in a few words.
        masked: true if the result is a sign of the symptom.
        rate: the result where it is a share, with its interval.
        value: the result where it is a number.
        n: how many observations stand behind it.
    """

    symptom: Symptom
    name: str
    test: str
    sound: str
    masked: bool
    rate: Rate | None = None
    value: float = 0.0
    n: int = 0

    def measured(self) -> Measurement:
        """The result as a measurement."""
        if self.rate is None:
            return Measurement(name=self.name, value=self.value, unit="count", n=self.n)
        rate = self.rate
        return Measurement(name=self.name, value=rate.value, unit="rate", n=rate.n, low=rate.low, high=rate.high)


def signs(readings: list[Reading]) -> list[Symptom]:
    """The symptoms that showed, each once, those that explain the others first.

    Example:
        >>> bad = Reading(symptom=Symptom.COARSE, name="a", test="", sound="", masked=True)
        >>> good = Reading(symptom=Symptom.RANDOM, name="b", test="", sound="", masked=False)
        >>> [symptom.value for symptom in signs([bad, good, bad])]
        ['coarse answers']
    """
    shown = {reading.symptom for reading in readings if reading.masked}
    return [symptom for symptom in ORDER if symptom in shown]
