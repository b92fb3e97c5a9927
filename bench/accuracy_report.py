"""The accuracy report as Markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

from bench.metrics import Score, by_kind, total
from bench.readers import OURS, STOCK
from bench.reliability import expected_calibration_error, reliability, reliability_table

if TYPE_CHECKING:
    from bench.accuracy import Result

CASELESS_NOTE = "\\* compared without case: the ground truth is in capitals throughout."
TOTAL = "**all**"


def as_markdown(results: Sequence[Result]) -> str:
    """Return the whole report; the first reader's doubts and confidences, all readers' accuracy."""
    first = [one for one in results if one.reader == results[0].reader]
    return "\n".join(
        [
            "# Accuracy",
            "",
            f"Word F1 and character error rate (CER) over {len(first)} media.",
            "",
            "## Kinds",
            "",
            *_accuracy_table(results, lambda one: one.kind),
            "",
            *_verdict(results),
            "## Second opinions",
            "",
            *_doubts_table(first),
            "",
            "## Confidence",
            "",
            *reliability_table(reliability([line for one in first for line in one.lines])),
            "",
            "## Media",
            "",
            *_accuracy_table(results, _name),
            "",
            *_not_read(results),
            *([CASELESS_NOTE, ""] if any(one.score.media_without_case for one in first) else []),
        ]
    )


def as_json(results: Sequence[Result]) -> str:
    """Return the same with all counts, for machines."""
    lines = [line for one in results if one.reader == results[0].reader for line in one.lines]
    bins = reliability(lines)
    document = {
        "media": [_medium(one) for one in results],
        "kinds": {
            reader: {kind: _measures(score) for kind, score in _by(own, lambda one: one.kind).items()}
            for reader, own in _by_reader(results).items()
        },
        "total": {
            reader: _measures(total(one.score for one in own)) for reader, own in _by_reader(results).items()
        },
        "reliability": [asdict(one) for one in bins],
        "expected_calibration_error": expected_calibration_error(bins),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def worse_kinds(results: Sequence[Result], reader: str, than: str) -> list[str]:
    """Return the kinds of media on which a reader has a lower word F1 than another."""
    own, other = (
        by_kind((one.kind, one.score) for one in results if one.reader == name) for name in (reader, than)
    )
    return [kind for kind in own if own[kind].word_f1 < other[kind].word_f1]


def _verdict(results: Sequence[Result]) -> list[str]:
    if not {OURS, STOCK} <= set(_by_reader(results)):
        return []
    worse = worse_kinds(results, OURS, STOCK)
    return [f"Kinds on which {OURS} has a lower word F1 than {STOCK}: {', '.join(worse) or 'none'}.", ""]


def _accuracy_table(results: Sequence[Result], key: Callable[[Result], str]) -> list[str]:
    readers = _by_reader(results)
    scores = {reader: _by(own, key) | {TOTAL: total(x.score for x in own)} for reader, own in readers.items()}
    rows = []
    for name, reference in next(iter(scores.values())).items():
        figures = [scores[reader][name] for reader in readers]
        rows.append(
            [name, str(reference.reference_words)]
            + [f"{score.word_f1:.4f}" for score in figures]
            + [f"{score.character_error_rate:.4f}" for score in figures]
        )
    head = ["", "words", *(f"F1 {reader}" for reader in readers), *(f"CER {reader}" for reader in readers)]
    return _table(head, rows)


def _doubts_table(results: Sequence[Result]) -> list[str]:
    """What second opinions change in each kind, and what they cost."""
    ranked = sorted(results, key=lambda one: one.kind)
    groups = [(kind, list(own)) for kind, own in groupby(ranked, key=lambda one: one.kind)]
    rows = [row for name, own in [*groups, (TOTAL, ranked)] if (row := _doubts_row(name, own))]
    if not rows:
        return ["None were asked."]
    head = ["", "lines", "read again", "given another text", "F1 without", "F1 with"]
    return _table([*head, "ms a page", "of which reading again"], rows)


def _doubts_row(name: str, results: Sequence[Result]) -> list[str]:
    known = [(one, one.reading, one.reading.doubts) for one in results if one.reading and one.reading.doubts]
    if not known:
        return []
    pages = max(1, sum(reading.pages for _, reading, _ in known))
    lines = sum(doubts.lines for _, _, doubts in known)
    asked = sum(doubts.asked for _, _, doubts in known)
    without = total(one.first_score for one, _, _ in known if one.first_score)
    return [
        name,
        str(lines),
        f"{asked} ({asked / max(1, lines):.1%})",
        str(sum(doubts.changed for _, _, doubts in known)),
        f"{without.word_f1:.4f}",
        f"{total(one.score for one, _, _ in known).word_f1:.4f}",
        f"{1000 * sum(reading.seconds for _, reading, _ in known) / pages:.0f}",
        f"{1000 * sum(doubts.seconds for _, _, doubts in known) / pages:.0f}",
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    marks = ["---", *(["--:"] * (len(head) - 1))]
    return ["| " + " | ".join(row) + " |" for row in [head, marks, *rows]]


def _by_reader(results: Sequence[Result]) -> dict[str, list[Result]]:
    names = dict.fromkeys(one.reader for one in results)
    return {name: [one for one in results if one.reader == name] for name in names}


def _by(results: Sequence[Result], key: Callable[[Result], str]) -> dict[str, Score]:
    return dict(by_kind((key(one), one.score) for one in results))


def _name(result: Result) -> str:
    return result.medium.name + (" \\*" if result.score.media_without_case else "")


def _not_read(results: Sequence[Result]) -> list[str]:
    return [f"Not read by {one.reader}: {one.medium.name}." for one in results if one.reading is None]


def _medium(result: Result) -> dict[str, Any]:
    reading = result.reading
    return {
        "reader": result.reader,
        "medium": result.medium.name,
        "folder": result.medium.parent.name,
        "kind": result.kind,
        "was_read": reading is not None,
        **_measures(result.score),
        "seconds": round(reading.seconds, 3) if reading else None,
        "without_second_opinions": _measures(result.first_score) if result.first_score else None,
    }


def _measures(score: Score) -> dict[str, float]:
    return {
        "character_error_rate": score.character_error_rate,
        "word_f1": score.word_f1,
        **asdict(score),
    }
