"""Which of the lines that were read stand in the ground truth: what calibrated confidence has to foretell.

A line is right when its words stand in the ground truth one after the other, each stretch of which counts
for one line only. Both texts are normalised as for word F1, and compared without case where the ground
truth shows none. Lines of many words choose first: a lone "1" does not use up a piece of what a longer line
needs. A line with an empty text is not right.
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.metrics import has_no_case, normalise


def judge_lines(truth: str, lines: Sequence[str]) -> list[bool]:
    """Tell of each line whether it is right.

    Args:
        truth: the ground truth of the medium or the page.
        lines: the texts that were read there, in any order.
    """
    caseless = has_no_case(normalise(truth))
    words = _words(truth, caseless)
    taken = [False] * len(words)
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        places.setdefault(word, []).append(place)
    wanted = [_words(line, caseless) for line in lines]
    right = [False] * len(lines)
    for index in sorted(range(len(lines)), key=lambda one: -len(wanted[one])):
        line = wanted[index]
        for place in places.get(line[0], ()) if line else ():
            span = slice(place, place + len(line))
            if words[span] == line and not any(taken[span]):
                taken[span] = [True] * len(line)
                right[index] = True
                break
    return right


def _words(text: str, caseless: bool) -> list[str]:
    normal = normalise(text)
    return normalise(normal.casefold()).split() if caseless else normal.split()
