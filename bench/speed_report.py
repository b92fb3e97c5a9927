"""Tables of the comparison with others: Markdown for the repository, readable on a terminal too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.speed_contestants import OCRMYPDF, OURS, STOCK, TESSERACT
from bench.speed_records import Comparison, Entrant, Measurement

_NOT_READ = "–"


@dataclass(frozen=True)
class Target:
    """So many times as many pages a second as somebody, on some sets, is what Textmill should reach."""

    ours: str
    other: str
    sets: tuple[str, ...]
    at_least: float


_READ_AS_PICTURES = ("samples", "receipts", "dense")
TARGETS = (
    Target(OURS, STOCK, _READ_AS_PICTURES, 6.0),
    Target(f"{OURS} fp32", STOCK, _READ_AS_PICTURES, 2.5),
    Target(OURS, TESSERACT, ("dense",), 5.0),
    Target(OURS, OCRMYPDF, ("dense",), 5.0),
)

_NOTES = (
    "All contestants read the same pages in one run. Each is a process of its own with what it starts "
    "itself, loaded before anything is timed; they take turns in every round, and another one begins each "
    "round. Pages per second are those of the median round. A ratio is the median of the ratios within each "
    "round: what slows the machine for a while slows both of a round.",
    "Before the first round everybody reads all pages of the set once: that warms them up, and gives the "
    "word F1. The rounds repeat the timed pages, spread evenly over the set.",
    "Pictures are made before any clock runs: pages of PDFs are drawn, frames of the video are grabbed, and "
    "OCRmyPDF gets them bound as one PDF. Textmill is timed with opening PDFs, drawing pages and decoding "
    "the video.",
    "Born-digital: Textmill takes the text layer, and so does OCRmyPDF with `--skip-text` and pdftotext; the "
    "others read the drawn pages. Video: Textmill looks at all of it and reads frames on which text changed, "
    "one copy of the video a process; the others read every frame of one a second. Each different line of a "
    "video counts once in word F1. In the rounds, those who take text layers read copies of the documents "
    "besides, and Textmill follows the whole video while the others read some of its frames: more pages, of "
    "which each counts as one.",
    "Peak memory is that of all processes of a contestant together (proportional set size, looked at four "
    "times a second), including what it keeps from sets that it read before.",
)


def markdown(result: Comparison) -> str:
    """Return the whole report."""
    machine = result.machine
    ours = [one for one in result.entrants if one.is_ours]
    parts = [
        ["# Speed beside others"],
        [
            f"{result.date}, {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GiB, "
            f"{machine['system']}; medians of {result.rounds} rounds (`make bench`)."
        ],
        ["## Targets", "", *targets(result)],
        *(["", f"## {one.name}: times as many pages a second", "", *ratios(result, one)] for one in ours),
        ["## Pages a second", "", *_by_set(result, lambda one: f"{one.pages_per_second:.2f}")],
        [
            "## Word F1",
            "",
            *_by_set(result, lambda one: f"{one.word_f1:.4f}"),
            "",
            *accuracy_verdicts(result),
        ],
        ["## Peak memory (MiB)", "", *_by_set(result, lambda one: str(one.peak_memory_mb))],
        ["## Pages", "", *_sets(result)],
        ["## Contestants", "", *_entrants(result)],
        ["## How", "", *_joined(_NOTES)],
        ["## Others on this machine", "", *_others(result)],
    ]
    return "\n\n".join("\n".join(part).strip("\n") for part in parts) + "\n"


def targets(result: Comparison) -> list[str]:
    """Return a table of what should be reached, and what was."""
    rows = [
        [
            f"{target.ours} / {target.other}, {name}",
            f"{ratio:.2f}",
            f"≥ {target.at_least:g}",
            "yes" if ratio >= target.at_least else "**no**",
        ]
        for target in TARGETS
        for name in target.sets
        if (ratio := result.ratio(target.ours, target.other, name)) is not None
    ]
    return _table(["pages a second", "ratio", "target", "reached"], rows) if rows else ["None was measured."]


def ratios(result: Comparison, ours: Entrant) -> list[str]:
    """Return a table of one of ours against everybody else."""
    rows = [
        [f"as {other.name}"]
        + [
            _NOT_READ if (ratio := result.ratio(ours.name, other.name, one.name)) is None else f"{ratio:.2f}"
            for one in result.sets
        ]
        for other in result.entrants
        if other is not ours
    ]
    return _table(["", *(one.name for one in result.sets)], rows)


def accuracy_verdicts(result: Comparison) -> list[str]:
    """Return a sentence for each of ours: on which sets somebody else has a higher word F1."""
    return _joined([_accuracy_verdict(result, one.name) for one in result.entrants if one.is_ours])


def _accuracy_verdict(result: Comparison, ours: str) -> str:
    behind = []
    for one in result.sets:
        own = result.measurement(ours, one.name)
        better = [
            other.name
            for other in result.entrants
            if own
            and not other.is_ours
            and (theirs := result.measurement(other.name, one.name))
            and theirs.word_f1 > own.word_f1
        ]
        behind += [f"{one.name} ({', '.join(better)})"] if better else []
    return f"Sets on which others have a higher word F1 than {ours}: {'; '.join(behind) or 'none'}."


def _by_set(result: Comparison, shown: Callable[[Measurement], str]) -> list[str]:
    rows = []
    for entrant in result.entrants:
        found = [result.measurement(entrant.name, one.name) for one in result.sets]
        rows.append([entrant.name, *(shown(one) if one else _NOT_READ for one in found)])
    return _table(["", *(one.name for one in result.sets)], rows)


def _sets(result: Comparison) -> list[str]:
    return [
        f"- **{one.name}**: {one.description}. For word F1 {one.scored} {one.unit}s with {one.words} words; "
        f"in each round {one.timed}{f', and {one.further} more (see below)' if one.further else ''}."
        for one in result.sets
    ]


def _entrants(result: Comparison) -> list[str]:
    entrants = [
        f"- **{one.name}**: {one.description} "
        f"({', '.join(f'{name} {version}' for name, version in one.versions.items())})."
        for one in result.entrants
    ]
    left_out = [" ".join(sentence.split()) for sentence in result.left_out]
    return [*entrants, *([""] if left_out else []), *_joined(left_out)]


def _others(result: Comparison) -> list[str]:
    busy = ", ".join(f"{name} {percent:.0f} %" for name, percent in result.others_busy.items())
    return [f"Share of the machine that others used just before each set: {busy}."]


def _joined(paragraphs: Sequence[str]) -> list[str]:
    """Return lines of paragraphs with an empty line between them."""
    return [line for paragraph in paragraphs for line in (paragraph, "")][:-1]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table of which the columns are as wide as their content: it is read on a terminal too."""
    widths = [max(3, *(len(row[at]) for row in (head, *rows))) for at in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [
            row[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
        ]
        for row in (head, rule, *rows)
    ]
    return ["| " + " | ".join(row) + " |" for row in padded]
