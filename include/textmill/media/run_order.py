"""The order in which the text runs of a page are read: as the page draws them, unless that cannot be.

Programs write most pages in the order in which they are read, and know better than geometry what belongs
together. Where a page jumps about, was written across its columns, or has had its form filled in afterwards,
the order comes from the places of the runs instead (`textmill.reading_order`).

Within a run pdfium has put text from right to left into the order of reading, which is left as it is. It
gives the pieces of a line in that order, too, but only where most of the line is of such a script: it looks
at lines one by one. A row of amounts or of Latin words in a table that is read from right to left is put
right here, by the direction of the whole page.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from textmill.media.pdf_geometry import Box
from textmill.media.text_layer import TextRun, share_line
from textmill.reading_order import MIN_COLUMN_LINES, LineBox, Measure, rows_of_boxes
from textmill.text_direction import is_right_to_left

_JUMPS = 0.2
"""With more upward jumps than this share of all steps, the order of drawing is not that of reading."""
_MIN_JUMPS = 2
_PROSE = 6.0
"""A line of prose is at least this many times as wide as it is high, from ascender to descender."""

Row = list[TextRun]


def rows_in_reading_order(runs: Sequence[TextRun], *, added: Sequence[TextRun] = ()) -> list[Row]:
    """Return rows of runs, each run once, in reading order.

    Args:
        runs: in the order in which the page draws them.
        added: written upon the page when it was finished; each goes to what it stands beside, or below.
    """
    main_angle = _main_angle(runs)
    leftwards = _runs_leftwards([run for run in runs if run.angle == main_angle])
    rows = _rows_of_page(runs, main_angle, leftwards)
    for run in added:
        _insert(run, rows, leftwards)
    return rows


def _insert(run: TextRun, rows: list[Row], page_leftwards: bool) -> None:
    beside = [row for row in rows if any(_on_one_line(run, other) for other in row)]
    if beside:
        row = min(beside, key=lambda one: min(_apart(run, other) for other in one))
        leftwards = page_leftwards or _runs_leftwards(row)
        row.append(run)
        _sort(row, leftwards)
        return
    above = [at for at, row in enumerate(rows) if any(_stands_above(other, run) for other in row)]
    lowest = max(above, key=lambda at: max(other.box[3] for other in rows[at]), default=None)
    rows.insert(len(rows) if lowest is None else lowest + 1, [run])


def _on_one_line(run: TextRun, other: TextRun) -> bool:
    return run.angle == other.angle and share_line(run.box, other.box)


def _apart(run: TextRun, other: TextRun) -> float:
    return max(run.box[0] - other.box[2], other.box[0] - run.box[2])


def _stands_above(other: TextRun, run: TextRun) -> bool:
    overlap = min(run.box[2], other.box[2]) - max(run.box[0], other.box[0])
    return run.angle == other.angle and overlap > 0 and other.box[3] <= run.box[1] + run.height / 2


def _rows_of_page(runs: Sequence[TextRun], main_angle: int, leftwards: bool) -> list[Row]:
    rows = _rows_as_drawn(runs, leftwards)
    if not _jumps_about(runs) and not _crosses_columns(rows):
        return rows
    main = [run for run in runs if run.angle == main_angle]
    others = [run for run in runs if run.angle != main_angle]
    return _by_place(main, leftwards) + _rows_as_drawn(others, leftwards)


def _main_angle(runs: Sequence[TextRun]) -> int:
    """Return the angle of most characters."""
    letters: dict[int, int] = {}
    for run in runs:
        letters[run.angle] = letters.get(run.angle, 0) + len(run.text)
    return max(letters, key=lambda angle: letters[angle], default=0)


def _runs_leftwards(runs: Sequence[TextRun]) -> bool:
    return is_right_to_left(run.text for run in runs)


def _sort(row: Row, leftwards: bool) -> None:
    row.sort(key=lambda one: -one.box[2] if leftwards else one.box[0])


def _rows_as_drawn(runs: Sequence[TextRun], page_leftwards: bool) -> list[Row]:
    rows: list[Row] = []
    for run in runs:
        if rows and _follows_on_row(run, rows[-1], page_leftwards):
            rows[-1].append(run)
        else:
            rows.append([run])
    if page_leftwards:
        for row in rows:
            _sort(row, leftwards=True)
    return rows


def _follows_on_row(run: TextRun, row: Row, page_leftwards: bool) -> bool:
    """Tell whether a run goes on where the row ends; on a page from right to left, on either side of it."""
    last = row[-1]
    if run.angle != last.angle or not share_line(run.box, last.box):
        return False
    to_the_left = run.box[2] <= last.box[0] + last.height / 2
    to_the_right = run.box[0] >= last.box[2] - last.height / 2
    if page_leftwards:
        return to_the_left or to_the_right
    return to_the_left if _runs_leftwards([last, run]) else to_the_right


def _jumps_about(runs: Sequence[TextRun]) -> bool:
    steps = jumps = 0
    for before, after in pairwise(runs):
        if before.angle == after.angle:
            steps += 1
            jumps += _is_jump(before.box, after.box)
    return jumps >= _MIN_JUMPS and jumps > _JUMPS * steps


def _is_jump(before: Box, after: Box) -> bool:
    """Tell whether a step leads back up over text in the same column, as no reader goes."""
    upwards = (after[1] + after[3]) / 2 < before[1]
    return upwards and min(before[2], after[2]) > max(before[0], after[0])


def _crosses_columns(rows: Sequence[Row]) -> bool:
    """Tell whether several rows hold two lines of prose each: columns that were written across."""
    return sum(sum(_is_prose_line(run.box) for run in row) > 1 for row in rows) >= MIN_COLUMN_LINES


def _is_prose_line(box: Box) -> bool:
    return box[2] - box[0] >= _PROSE * (box[3] - box[1])


def _by_place(runs: Sequence[TextRun], leftwards: bool) -> list[Row]:
    """Return rows by the places of runs alone.

    Boxes of a text layer are exact, so that a row goes by its first run: a label in small type has a row in
    common with the large number beside it, although their centres may lie more than half a label apart.
    """
    boxes = [LineBox(at, *run.box) for at, run in enumerate(runs)]

    def on_row(box: LineBox, row: Sequence[LineBox]) -> bool:
        return share_line(runs[box.index].box, runs[row[0].index].box)

    rows = rows_of_boxes(boxes, Measure(_PROSE, on_row), right_to_left=leftwards)
    return [[runs[at] for at in row] for row in rows]
