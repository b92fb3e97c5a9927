"""Which frames are read, which lines are the same, and what makes a page, with a reader that knows."""

from __future__ import annotations

import gc
import math
import weakref
from typing import Any

import cv2
import numpy as np
import pytest
from staged_frames import HEIGHT, WIDTH, Line, Stage, texts, times

from textmill.errors import DamagedVideo, EngineFailed
from textmill.media.video import Frame
from textmill.video_reading import segment
from textmill.video_reading.reader import UnreadFrame, VideoPage, VideoReader

SLIDE = (
    Line("Departures by day", 0, 12, 60),
    Line("Monday four hundred", 0, 12, 120),
    Line("Friday nobody left", 0, 12, 160),
)
LATER = (Line("Arrivals by month", 12, 20, 60), Line("January was quiet", 12, 20, 140))


def speaker(picture: Any, at_ms: int) -> None:
    """Something with edges that moves, stops and moves on beside the text."""
    x = 540 + round(30 * math.sin(at_ms / 900))
    cv2.circle(picture, (x, 180), 40, (150, 170, 200), -1)
    for stripe in range(-30, 31, 12):
        cv2.line(picture, (x + stripe, 240), (x + stripe, 330), (120, 130, 160), 3)


def test_a_slide_is_read_once_and_has_its_time() -> None:
    stage = Stage(SLIDE, 12)
    (page,) = stage.pages()
    assert texts(page) == [line.text for line in SLIDE]
    assert (page.start_ms, page.end_ms) == (0, 12_000)
    assert set(times(page).values()) == {(0.0, 12.0)}
    assert len(stage.reads) == 1


def test_each_slide_is_a_page() -> None:
    stage = Stage((*SLIDE, *LATER), 20)
    first, second = stage.pages()
    assert texts(first) == [line.text for line in SLIDE]
    assert texts(second) == [line.text for line in LATER]
    assert (first.end_ms, second.start_ms) == (12_000, 12_000)
    assert len(stage.reads) == 2


def test_a_slide_that_builds_up_is_one_page_read_when_it_is_complete() -> None:
    bullets = [
        Line(f"bullet {word}", 3.0 * number, 15, 100 + 40 * number) for number, word in enumerate("abcd")
    ]
    stage = Stage((Line("What we found", 0, 15, 50), *bullets), 15)
    (page,) = stage.pages()
    assert texts(page) == ["What we found", "bullet a", "bullet b", "bullet c", "bullet d"]
    assert [round(times(page)[f"bullet {word}"][0]) for word in "abcd"] == [0, 3, 6, 9]
    assert len(stage.reads) == 1


def test_captions_over_a_slide_come_last_each_with_its_own_time() -> None:
    captions = [
        Line(f"caption number {word}", 1 + 3 * number, 3.5 + 3 * number, 320)
        for number, word in enumerate("xyz")
    ]
    stage = Stage((*SLIDE, *captions), 12)
    (page,) = stage.pages()
    assert texts(page) == [line.text for line in (*SLIDE, *captions)]
    for caption in captions:
        assert times(page)[caption.text] == pytest.approx((caption.start, caption.end), abs=0.26)
    assert len(stage.reads) == 3


def test_captions_alone_share_a_page_in_order_of_time() -> None:
    captions = [
        Line(f"spoken words {word}", 2.0 * number, 2.0 * number + 1.5, 330)
        for number, word in enumerate("pqrstu")
    ]
    (page,) = Stage(captions, 12).pages()
    assert texts(page) == [caption.text for caption in captions]


def test_a_terminal_that_scrolls_is_one_page_with_each_line_once() -> None:
    words = (
        "alder",
        "birch",
        "cedar",
        "dogwood",
        "elm",
        "fir",
        "ginkgo",
        "hazel",
        "ilex",
        "juniper",
        "larch",
    )
    words += ("maple", "oak", "pine", "rowan", "spruce")
    rows = 9

    def row_at(number: int) -> Any:
        return lambda second: 40 + 34 * (number - max(0, int(second / 0.75) - rows + 1))

    log = [
        Line(f"{word} {number}", 0.75 * number, 30, 0, place=row_at(number))
        for number, word in enumerate(words)
    ]
    stage = Stage(log, 14)
    (page,) = stage.pages()
    assert texts(page) == [line.text for line in log]
    assert len(stage.reads) <= 4


def test_credits_that_roll_smoothly_are_read() -> None:
    names = ["Ada", "Barbara", "Chen", "Dolores", "Emeka", "Farid", "Greta", "Hiro", "Ines", "Jonas"]
    roll = [
        Line(f"{name} Example", 0, 30, 0, place=lambda second, n=number: round(330 + 40 * n - 24 * second))
        for number, name in enumerate(names)
    ]
    stage = Stage(roll, 24)
    found = [text for page in stage.pages() for text in texts(page)]
    assert found == [line.text for line in roll]
    assert len(stage.reads) <= 8


def test_a_speaker_beside_the_slide_is_no_reason_to_read() -> None:
    stage = Stage(SLIDE, 12, backdrop=speaker)
    (page,) = stage.pages()
    assert texts(page) == [line.text for line in SLIDE]
    assert len(stage.reads) == 1


def test_a_video_without_text_has_no_page() -> None:
    stage = Stage((), 10, backdrop=speaker)
    assert stage.pages() == []
    assert stage.reads == []


def test_a_stretch_without_text_belongs_to_no_page() -> None:
    stage = Stage((Line("before the gap", 0, 4, 60), Line("after the gap", 20, 24, 60)), 26)
    first, second = stage.pages()
    assert (first.start_ms, first.end_ms) == (0, 4_000)
    assert (second.start_ms, second.end_ms) == (20_000, 24_000)


def test_text_shown_for_less_than_an_interval_is_found() -> None:
    stage = Stage((*SLIDE, Line("blink and miss", 5.1, 5.9, 250)), 12)
    (page,) = stage.pages()
    assert "blink and miss" in texts(page)


def test_text_that_appears_where_something_moved_is_found() -> None:
    stage = Stage((*SLIDE, Line("a new label", 7, 10, 250, x=470)), 12, backdrop=speaker)
    (page,) = stage.pages()
    assert "a new label" in texts(page)


def test_a_number_that_counts_on_is_another_line() -> None:
    steps = [
        Line(f"Step {number} of 3 is running", 4.0 * number - 4, 4.0 * number, 250) for number in (1, 2, 3)
    ]
    pages = Stage((*SLIDE, *steps), 12).pages()
    found = [text for page in pages for text in texts(page)]
    assert [text for text in found if "Step" in text] == [step.text for step in steps]


def test_a_line_keeps_its_best_reading() -> None:
    captions = [
        Line(f"caption {word}", 3.0 * number, 3.0 * number + 2.5, 320) for number, word in enumerate("xyz")
    ]
    stage = Stage(
        (*SLIDE, *captions), 12, confidence=lambda at_ms, line: 0.95 if 4000 < at_ms < 7000 else 0.7
    )
    (page,) = stage.pages()
    assert {line.text: line.confidence for line in page.text.lines}["Departures by day"] == 0.95


def test_text_that_fades_out_is_read_before_it_fades() -> None:
    def fade(at_ms: int) -> float:
        return max(0.0, min(1.0, (8000 - at_ms) / 2000))

    stage = Stage([Line(line.text, 0, 8, line.y) for line in SLIDE], 9, fade=fade)
    (page,) = stage.pages()
    assert texts(page) == [line.text for line in SLIDE]
    assert all(at_ms <= 6_250 for at_ms in stage.reads)


def test_a_glitch_of_one_frame_ends_nothing() -> None:
    class Glitching(Stage):
        def picture(self, at_ms: int) -> Any:
            return np.full((HEIGHT, WIDTH, 3), 255, np.uint8) if at_ms == 5000 else super().picture(at_ms)

    (page,) = Glitching(SLIDE, 12).pages()
    assert (page.start_ms, page.end_ms) == (0, 12_000)


def test_reading_goes_on_from_the_end_of_any_page_as_if_nothing_had_happened() -> None:
    captions = [
        Line(f"caption {word}", 1 + 3.0 * number, 3.0 + 3 * number, 320) for number, word in enumerate("xyz")
    ]
    last = (Line("The end of it", 27, 32, 80), Line("no more", 29, 32, 120))
    stage = Stage((*SLIDE, *captions, *LATER, *last), 32, backdrop=speaker)
    whole = stage.pages()
    assert len(whole) == 3
    for number, page in enumerate(whole, start=1):
        rest = stage.pages(start_ms=page.end_ms)
        assert [_without_picture(one) for one in rest] == [_without_picture(one) for one in whole[number:]]


def test_a_frame_that_cannot_be_read_costs_what_only_it_shows() -> None:
    stage = Stage(
        (*SLIDE, *LATER), 20, fails_at=lambda at_ms: EngineFailed("broken") if at_ms > 12_000 else None
    )
    page, unread = stage.outcomes()
    assert isinstance(page, VideoPage) and texts(page) == [line.text for line in SLIDE]
    assert isinstance(unread, UnreadFrame) and unread.at_ms > 12_000


def test_what_was_seen_before_a_video_breaks_off_is_kept() -> None:
    stage = Stage(SLIDE, 6)

    def broken() -> Any:
        yield from stage.frames()
        raise DamagedVideo("cut off")

    reader = VideoReader(stage._read, stage._holds_text, step_ms=250, interval_ms=1000)
    pages = reader.pages(broken())
    first = next(pages)
    assert isinstance(first, VideoPage) and texts(first) == [line.text for line in SLIDE]
    with pytest.raises(DamagedVideo):
        next(pages)


def test_endless_scrolling_makes_pages_of_bounded_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "MOST_LINES", 12)
    log = [
        Line(
            f"entry {number * 37}",
            number,
            60,
            0,
            place=lambda s, n=number: 40 + 34 * (n - max(0, int(s) - 8)),
        )
        for number in range(30)
    ]
    pages = Stage(log, 31).pages()
    assert len(pages) >= 2
    assert {text for page in pages for text in texts(page)} == {line.text for line in log}


def test_a_long_video_holds_a_handful_of_frames() -> None:
    alive: list[weakref.ref[Any]] = []
    most = 0

    def counted() -> Any:
        nonlocal most
        for frame in Stage((*SLIDE, *LATER), 40).frames():
            pixels = np.array(frame.pixels)
            alive.append(weakref.ref(pixels))
            yield Frame(frame.at_ms, pixels, frame.sampled)
            del pixels
            most = max(most, sum(one() is not None for one in alive))

    stage = Stage((*SLIDE, *LATER), 40)
    list(VideoReader(stage._read, stage._holds_text, step_ms=250, interval_ms=1000).pages(counted()))
    gc.collect()
    assert most <= 6


def _without_picture(page: VideoPage) -> tuple[Any, ...]:
    return (page.start_ms, page.end_ms, page.text, page.frames, page.frames_read)
