"""Put the lines of a stretch of video into the order of a page, and their times into steps."""

from __future__ import annotations

from collections.abc import Sequence

from textmill.page import PageText
from textmill.reading_order import reading_order
from textmill.video_reading.tracks import LineTrack, share_in_common

_SAME_PLACE = 0.5


def page_text(tracks: Sequence[LineTrack], end_ms: int, *, step_ms: float, interval_ms: float) -> PageText:
    """Return the text of a page that ends at `end_ms`.

    What stayed to the end, or scrolled away, stands first, in reading order; scrolled lines where they would
    stand if the page were as high as all of its text. What was replaced while the page stayed (captions)
    follows in order of time. Lines that came or went within one look of each other did so together.
    """
    passing = _passing(tracks, end_ms - interval_ms)
    lasting = [track for track in tracks if not any(track is one for one in passing)]
    rows = [[lasting[index] for index in row] for row in reading_order([_outline(one) for one in lasting])]
    rows += [[one] for one in sorted(passing, key=lambda one: (one.start_ms, one.box.top, one.box.left))]
    starts = _together([track.start_ms for track in tracks], step_ms)
    ends = _together([_end(track, end_ms) for track in tracks], step_ms)
    ordered = [track for row in rows for track in row]
    lines = tuple(
        track.record.model_copy(
            update={
                "line_no": number,
                "start_ms": starts[track.start_ms],
                "end_ms": max(ends[_end(track, end_ms)], starts[track.start_ms] + 1),
            }
        )
        for number, track in enumerate(ordered, start=1)
    )
    text = "\n".join(" ".join(track.record.text for track in row) for row in rows)
    return PageText(text=text, lines=lines)


def _passing(tracks: Sequence[LineTrack], before_ms: float) -> list[LineTrack]:
    """Return the lines that vanished before that, and those that took their place."""
    vanished = [
        track
        for track in tracks
        if not track.scrolls and track.end_ms is not None and track.end_ms < before_ms
    ]
    return [
        track
        for track in tracks
        if any(track is one for one in vanished)
        or (not track.scrolls and any(_replaces(track, one) for one in vanished))
    ]


def _replaces(track: LineTrack, vanished: LineTrack) -> bool:
    return (
        track.start_ms >= (vanished.end_ms or 0) and share_in_common(track.box, vanished.box) >= _SAME_PLACE
    )


def _outline(track: LineTrack) -> list[tuple[float, float]]:
    return [(x, y + track.shift) for x, y in track.record.polygon]


def _end(track: LineTrack, page_end: int) -> int:
    return page_end if track.end_ms is None else min(track.end_ms, page_end)


def _together(times: Sequence[int], step_ms: float) -> dict[int, int]:
    """Return for each time the earliest that is no more than a step before it, in one group."""
    groups: dict[int, int] = {}
    first = None
    for time in sorted(set(times)):
        if first is None or time - first > step_ms:
            first = time
        groups[time] = first
    return groups
