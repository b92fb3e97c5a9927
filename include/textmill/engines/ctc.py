"""Turn the recogniser's probabilities into characters (connectionist temporal classification, greedy path).

Graves et al., "Connectionist Temporal Classification", ICML 2006: take the most probable class per time step,
merge repeats, drop blanks. Spaces are left to `textmill.engines.spacing`: the recogniser is shy about spaces
between words that stand close, so the most probable class says too little about them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textmill.engines.networks import BLANK, LineSteps


@dataclass(frozen=True)
class Character:
    """A character and where in the line it stands.

    Attributes:
        text: the character, never a space.
        probability: what the recogniser gave it at its first time step.
        first, last: the time steps over which it was the most probable class.
    """

    text: str
    probability: float
    first: int
    last: int


def read_characters(steps: LineSteps, names: Sequence[str]) -> list[Character]:
    """Return the characters of a line from left to right, without spaces.

    Args:
        names: what each class stands for: blank first, the space last.
    """
    classes = steps.classes.tolist()
    space = len(names) - 1
    found: list[Character] = []
    step = 0
    while step < len(classes):
        last = step
        while last + 1 < len(classes) and classes[last + 1] == classes[step]:
            last += 1
        if classes[step] not in (BLANK, space):
            probability = min(float(steps.probability[step]), 1.0)
            found.append(Character(names[classes[step]], probability, step, last))
        step = last + 1
    return found


def mean_probability(characters: Sequence[Character]) -> float:
    """Return the mean probability of the characters; 0 for none."""
    return sum(one.probability for one in characters) / len(characters) if characters else 0.0
