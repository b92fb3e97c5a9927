"""Lines in doubt are read again, and the reading that is most likely right is kept.

The same line, cut out a little wider or scaled a little narrower, gives the recogniser another chance. Of
many such readings the one that agrees best with all of them is mostly right: this is minimum Bayes risk
decoding (Goel and Byrne, "Minimum Bayes-risk automatic speech recognition", Computer Speech and Language 14,
2000), each reading weighted by its calibrated confidence. Between two engines the likelier reading is kept.
How likely a reading is, is fitted on doubtful lines only (`textmill.reading.calibration`).

Most doubtful lines are right. The first who is asked confirms them, and then no other is: on 48 receipts that
halves what is read again, with the same word F1.

Runs in the OCR runtime.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from textmill.fingerprints import fingerprint
from textmill.page import PageImage, PageText
from textmill.reading.calibration import Calibration, ChoiceWeights
from textmill.reading.line_readers import LineReader, engine_of, read_by_all
from textmill.records import LineRecord, OtherReading

_RULES = 2
"""To be raised when the same readings could lead to another choice."""
_MOST_LINES = 80
"""Lines of one page that are read again: noise can look like thousands of doubtful lines."""


@dataclass(frozen=True)
class Reading:
    """What one reader made of a line.

    Attributes:
        confidence: calibrated, 0 to 1.
    """

    reader: str
    text: str
    confidence: float


@dataclass(frozen=True)
class Candidate:
    """A text that was read in a line.

    Attributes:
        reader: who is named for it: the page's engine where that read it, else whoever was surest.
        confidence: the highest, calibrated, with which it was read.
        agreement: how much all readings look like it, see `agreement`.
    """

    reader: str
    text: str
    confidence: float
    agreement: float


@dataclass(frozen=True)
class Choice:
    """The reading that is kept, and the one that came closest to it; None where no other had text."""

    kept: Reading
    lost: Reading | None


class SecondOpinion:
    """Reads doubtful lines again. Used by one thread.

    Attributes:
        fingerprint: changes whenever the same page could come out differently.
    """

    def __init__(
        self,
        page_engine: str,
        readers: Sequence[LineReader],
        calibration: Calibration,
        *,
        below: float,
    ) -> None:
        """Take who asks, and who is asked.

        Args:
            page_engine: the name of the engine whose lines are doubted.
            below: lines less certain than this are read again.
        """
        self._page_engine = page_engine
        self._readers = tuple(readers)
        self._calibration = calibration
        self._weights = calibration.choice(page_engine, engine_of(readers[0].name)) if readers else None
        self._below = below
        self.fingerprint = fingerprint(
            readers=[(reader.name, reader.fingerprint) for reader in readers],
            calibration=calibration.digest,
            below=below,
            most_lines=_MOST_LINES,
            rules=_RULES,
        )

    def reconsider(self, picture: PageImage, page: PageText) -> PageText:
        """Return the page with its doubtful lines read again.

        Args:
            picture: what the page's engine read; lines are outlined in its pixels.
            page: with calibrated confidences.
        """
        doubtful = self.doubtful(page)
        if not doubtful:
            return page
        lines = list(page.lines)
        found = self._readings(picture, [lines[one] for one in doubtful])
        for index, readings in zip(doubtful, found, strict=True):
            lines[index] = _with_choice(lines[index], self.choose(lines[index], readings), self._page_engine)
        return page.with_lines(lines)

    def _readings(self, picture: PageImage, lines: Sequence[LineRecord]) -> list[list[Reading]]:
        """Return what the first reader makes of each line and, unless it confirms the line, all others."""
        answers = self._asked(self._readers[:1], picture, lines)
        open_lines = [
            index
            for index, (line, answer) in enumerate(zip(lines, answers, strict=True))
            if not any(one.text == line.text for one in answer)
        ]
        others = self._asked(self._readers[1:], picture, [lines[index] for index in open_lines])
        for index, answer in zip(open_lines, others, strict=True):
            answers[index] += answer
        return answers

    def doubtful(self, page: PageText) -> list[int]:
        """Return the indices of the lines to read again, longest first where there are too many."""
        found = [index for index, line in enumerate(page.lines) if line.confidence < self._below]
        return sorted(found, key=lambda index: -len(page.lines[index].text))[:_MOST_LINES]

    def ask(self, picture: PageImage, lines: Sequence[LineRecord]) -> list[list[Reading]]:
        """Return what all readers make of each line; readings without text are left out."""
        return self._asked(self._readers, picture, lines)

    def _asked(
        self, readers: Sequence[LineReader], picture: PageImage, lines: Sequence[LineRecord]
    ) -> list[list[Reading]]:
        answers: list[list[Reading]] = [[] for _ in lines]
        if not lines:
            return answers
        readings = read_by_all(readers, picture.pixels, [line.polygon for line in lines])
        for reader, of_reader in zip(readers, readings, strict=True):
            for answer, reading in zip(answers, of_reader, strict=True):
                if reading.text:
                    confidence = self._calibration.confidence(reader.name, reading.text, reading.confidence)
                    answer.append(Reading(reader.name, reading.text, confidence))
        return answers

    def choose(self, line: LineRecord, others: Sequence[Reading]) -> Choice:
        """Choose between the first reading of a line and the others."""
        first = Reading(self._page_engine, line.text, line.confidence)
        ranked = rank(first, others, self._weights)
        kept = ranked[0]
        lost = next((one for one in ranked if one.text != kept.text), None)
        if lost is None:  # all agree; what confirmed the reading is worth a record too
            lost = next((one for one in others if one.reader != kept.reader), None)
        return Choice(kept, lost)


def heard(first: Reading, others: Sequence[Reading], asked_first: str) -> list[Reading]:
    """Return those of all readers' readings that `SecondOpinion` would have asked for.

    Args:
        asked_first: the name of the reader that is asked before all others.
    """
    confirming = [one for one in others if one.reader == asked_first and one.text == first.text]
    return confirming or list(others)


def rank(first: Reading, others: Sequence[Reading], weights: ChoiceWeights | None) -> list[Reading]:
    """Return one reading for each different text, the one to keep first, with the chance that it is right.

    Without fitted weights the one that agrees best comes first, and the chance of a text is the highest
    confidence with which it was read.
    """
    found = candidates(first, others)
    if weights is None:
        return [Reading(one.reader, one.text, one.confidence) for one in found]
    ranked = [Reading(one.reader, one.text, _chance(one, first, weights)) for one in found]
    return ranked if weights.consensus else sorted(ranked, key=lambda one: -one.confidence)


def _chance(candidate: Candidate, first: Reading, weights: ChoiceWeights) -> float:
    return weights.probability(
        kept=candidate.text == first.text,
        confidence=candidate.confidence,
        agreement=candidate.agreement,
    )


def candidates(first: Reading, others: Sequence[Reading]) -> list[Candidate]:
    """Return the different texts that were read, by how well they agree with all readings."""
    readings = [first, *others]
    found = []
    for text in dict.fromkeys(one.text for one in readings):
        best = max((one for one in readings if one.text == text), key=lambda one: one.confidence)
        reader = first.reader if text == first.text else best.reader
        found.append(Candidate(reader, text, best.confidence, agreement(text, readings)))
    return sorted(found, key=lambda one: -one.agreement)


def agreement(text: str, readings: Sequence[Reading]) -> float:
    """Return how much the readings look like a text, 0 to 1, each weighted by its confidence.

    The likeness of two texts is twice the number of characters in common divided by the number of all.
    """
    total = sum(one.confidence for one in readings)
    if not total:
        return 0.0
    return sum(one.confidence * likeness(text, one.text) for one in readings) / total


def likeness(one: str, other: str) -> float:
    """Return the similarity of two texts by matching blocks, 0 to 1."""
    return 1.0 if one == other else SequenceMatcher(None, one, other, autojunk=False).ratio()


def _with_choice(line: LineRecord, choice: Choice, page_engine: str) -> LineRecord:
    kept, lost = choice.kept, choice.lost
    return line.model_copy(
        update={
            "text": kept.text,
            "confidence": kept.confidence,
            "engine": None if kept.reader == page_engine else kept.reader,
            "other": OtherReading(engine=lost.reader, text=lost.text, confidence=lost.confidence)
            if lost
            else None,
        }
    )
