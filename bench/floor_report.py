"""Where the time of a page goes, and the least possible, as Markdown that a terminal shows well too."""

from __future__ import annotations

from collections.abc import Sequence

from bench.floor_records import NETWORKS, Floor, Part, SetProfile

_UNKNOWN = "–"

_NOTES = (
    "One process, one thread; loaded and warmed up. Peaks and pages take turns in every round; each figure "
    "is the median over the rounds. The pages are those that `make bench` times.",
    "Operations are the multiplications and additions of convolutions and products of matrices, for the "
    "inputs that the networks got for these pages, of the last layer only for the characters of the "
    "languages. The peak is what one core reaches on chains of 1×1 convolutions, computed by OpenVINO, "
    "the best of three shapes. The floor is one over the other: activations, normalisation, memory, "
    "and all that is not a network (opening, preprocessing, cutting out, decoding) take no time in it. "
    "Layers that are not there with 8-bit integers count in the floats that they are computed in.",
    "Stock PaddleOCR's speed on all cores is that of `make bench` on this machine; what is measured and the "
    "floor are held against it as if every core were as fast as this one while all are busy.",
)


def markdown(result: Floor) -> str:
    """Return the whole report."""
    machine = result.machine
    parts = [
        ["# Where the time of a page goes, and the floor"],
        [
            f"{result.date}, {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GiB, "
            f"{machine['system']}; medians of {result.rounds} rounds (`make bench-floor`). {result.networks} "
            f"Others used {result.others_busy:.0f} % of the machine before the first round."
        ],
        ["## Peak of one core", "", *peaks(result)],
        ["## Milliseconds a page", "", *times(result)],
        ["## Networks", "", *networks(result)],
        ["## Floor", "", *floors(result)],
        ["## Pages", "", *_pages(result)],
        ["## How", "", *_joined(_NOTES)],
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def peaks(result: Floor) -> list[str]:
    """Return a table of the operations a second of each kind of numbers."""
    slowest = min(result.peaks.values())
    rows = [
        [precision, f"{peak / 1e9:.0f}", f"{peak / slowest:.2f}"] for precision, peak in result.peaks.items()
    ]
    return _table(["", "10⁹ operations a second", "ratio"], rows)


def times(result: Floor) -> list[str]:
    """Return a table of what each part takes, with its share of the page."""
    rows = [
        [part, *(_time(one.seconds[part], one.measured) for one in result.sets)]
        for part in Part
        if any(one.seconds[part] for one in result.sets)
    ]
    rows.append(["**together**", *(f"{1000 * one.measured:.0f}" for one in result.sets)])
    rows.append(["**floor**", *(_time(result.floor(one), one.measured) for one in result.sets)])
    return _table(["", *(one.name for one in result.sets)], rows)


def _time(seconds: float, whole: float) -> str:
    return f"{1000 * seconds:.1f} ({100 * seconds / whole:.0f} %)"


def networks(result: Floor) -> list[str]:
    """Return a table of what each network needs, takes, and reaches."""
    rows = [
        _network(result, one, part) for one in result.sets for part in NETWORKS if any(one.operations[part])
    ]
    head = ["", "10⁹ operations a page", "in", "least ms", "measured ms", "of the peak"]
    return _table(head, rows)


def _network(result: Floor, profile: SetProfile, part: Part) -> list[str]:
    operations = profile.operations[part]
    total = sum(operations.values())
    shares = ", ".join(f"{precision} {100 * count / total:.0f} %" for precision, count in operations.items())
    least, measured = result.least(profile, part), profile.seconds[part]
    return [
        f"{profile.name}, {part}",
        f"{total / 1e9:.2f}",
        shares,
        f"{1000 * least:.1f}",
        f"{1000 * measured:.1f}",
        f"{100 * least / measured:.0f} %",
    ]


def floors(result: Floor) -> list[str]:
    """Return a table of the least time a page, and what that would be beside stock PaddleOCR."""
    rows = []
    for one in result.sets:
        rows.append([f"{one.name}, measured", *_speed(result, one, one.measured)])
        rows.append([f"{one.name}, floor as computed", *_speed(result, one, result.floor(one))])
        rows += [
            [f"{one.name}, floor in {precision}", *_speed(result, one, result.floor_in(one, precision))]
            for precision in result.peaks
        ]
    return _table(["", "ms a page", "pages a second and core", "times stock PaddleOCR"], rows)


def _speed(result: Floor, profile: SetProfile, seconds: float) -> list[str]:
    times = result.times_stock(profile, seconds)
    return [f"{1000 * seconds:.0f}", f"{1 / seconds:.2f}", _UNKNOWN if times is None else f"{times:.1f}"]


def _pages(result: Floor) -> list[str]:
    rows = [
        f"- **{one.name}**: {one.description}. {one.pages} pages of {one.lines:.0f} lines on average; the "
        f"network that finds them was computed {one.looks:.2g}× a page."
        for one in result.sets
    ]
    return [*rows, *([""] if result.left_out else []), *_joined(result.left_out)]


def _joined(paragraphs: Sequence[str]) -> list[str]:
    """Return lines of paragraphs with an empty line between them."""
    return [line for paragraph in paragraphs for line in (paragraph, "")][:-1]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(3, *(len(row[at]) for row in (head, *rows))) for at in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return ["| " + " | ".join(_padded(row, widths)) + " |" for row in (head, rule, *rows)]


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    numbers = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
    return [row[0].ljust(widths[0]), *numbers]
