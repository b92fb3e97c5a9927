"""What a medium will cost is estimated from its name, its size, and what was measured before."""

from __future__ import annotations

from typing import Any

import pytest

from textmill.batching import CostModel
from textmill.batching.cost import kind_by_name
from textmill.pace import MEMORY_PAGES, Pace, Work, fading
from textmill.records import Kind, MediaRef

PRIOR = CostModel(seconds_per_page=1.5, bytes_per_pdf_page=60_000)


def ref(uri: str, size: int | None = 1000, **changes: Any) -> MediaRef:
    return MediaRef(uri=uri, source="scans", bytes=size, **changes)


def measured(**works: Work) -> CostModel:
    """A cost model with what was measured, by kind."""
    pace = Pace("cpu", {Kind(kind): work for kind, work in works.items()})
    return CostModel(seconds_per_page=1.5, bytes_per_pdf_page=60_000, pace=pace)


@pytest.mark.parametrize(
    ("uri", "kind"),
    [
        ("file:///in/a.PDF", Kind.PDF),
        ("file:///in/a.zip!letters/b.pdf", Kind.PDF),
        ("file:///in/a.zip!b.mp4#2", Kind.VIDEO),
        ("file:///in/a.tar.gz", Kind.ARCHIVE),
        ("https://example.org/a.pdf?version=1.2#page=3", Kind.PDF),
        ("https://example.org/get?file=a.pdf", Kind.IMAGE),
        ("https://example.org", Kind.IMAGE),
        ("s3://bucket/notes.md", Kind.TEXT),
        ("file:///in/scan", Kind.IMAGE),
        ("file:///in.pdf/scan", Kind.IMAGE),
    ],
)
def test_the_name_tells_the_kind(uri: str, kind: Kind) -> None:
    assert kind_by_name(ref(uri)) is kind


def test_the_file_name_of_a_manifest_tells_more_than_the_url() -> None:
    assert kind_by_name(ref("https://example.org/get/17.php", filename="Act 5 #2.pdf")) is Kind.PDF
    assert kind_by_name(ref("https://example.org/17.pdf", filename="Act 5")) is Kind.PDF


@pytest.mark.parametrize(
    ("name", "size", "pages"),
    [
        ("a.pdf", 600_000, 10),
        ("a.pdf", 1, 1),
        ("a.pdf", 0, 1),
        ("a.png", 600_000, 1),
        ("a.zip", 25_000_000, 100),
        ("a.mp4", 50_000_000, 10),
        ("a.txt", 10**9, 1),
        ("a.pdf", 2**62, 10_000),  # more pages are refused
        ("a.pdf", None, 10),
        ("a.mp4", None, 60),
        ("a.jpg", None, 1),
    ],
)
def test_pages_are_guessed_from_the_size_or_else_from_the_kind(
    name: str, size: int | None, pages: int
) -> None:
    assert PRIOR.pages(ref(f"file:///in/{name}", size)) == pages


def test_pages_that_are_known_are_not_guessed() -> None:
    assert PRIOR.pages(ref("file:///in/a.pdf", 600_000, pages=3)) == 3
    assert PRIOR.pages(ref("file:///in/a.tif", 600_000, pages=3)) == 3


def test_without_a_measurement_pictures_take_what_the_setting_says_and_texts_nearly_nothing() -> None:
    assert PRIOR.seconds(ref("file:///in/a.png")) == 1.5
    assert PRIOR.seconds(ref("file:///in/a.pdf", 600_000)) == 15
    assert PRIOR.seconds(ref("file:///in/a.txt")) == pytest.approx(0.02)


def test_a_thousand_measured_pages_count_for_nearly_all() -> None:
    cost = measured(image=Work(1000, 250), pdf=Work(1000, 4000, 1000 * 20_000))
    assert cost.seconds(ref("file:///in/a.png")) == pytest.approx(0.25, rel=0.06)
    assert cost.pages(ref("file:///in/a.pdf", 2_000_000)) == pytest.approx(100, rel=0.05)
    assert cost.seconds(ref("file:///in/a.pdf", 2_000_000)) == pytest.approx(400, rel=0.05)
    assert cost.seconds(ref("file:///in/a.mp4", 50_000_000)) == 15  # not measured


def test_one_measured_page_counts_little() -> None:
    assert measured(image=Work(1, 60)).seconds(ref("file:///in/a.png")) == pytest.approx(75 / 11)


def test_archives_cost_what_pictures_cost() -> None:
    cost = measured(image=Work(10_000, 2_500))
    assert cost.seconds(ref("file:///in/a.zip", 25_000_000)) == pytest.approx(25, rel=0.01)


@pytest.mark.parametrize(("seconds", "expected"), [(0.0, 0.001), (1e12, 600.0)])
def test_what_is_planned_with_is_bounded(seconds: float, expected: float) -> None:
    assert measured(image=Work(10**6, seconds)).seconds(ref("file:///in/a.png")) == pytest.approx(
        expected, rel=1e-6, abs=1e-3
    )


def test_a_url_that_was_fetched_before_most_likely_did_not_change() -> None:
    asked = ref("https://example.org/a.pdf", None, etag='"1"', pages=3000)
    assert PRIOR.seconds(asked) == pytest.approx(0.05)
    assert not PRIOR.estimate(asked).divisible
    everything = CostModel(1.5, 60_000, conditional=False)
    assert everything.seconds(asked) == 4500
    # An object is listed with its etag, and only when it is new or changed.
    assert PRIOR.seconds(ref("s3://bucket/a.png", etag="1")) == 1.5


@pytest.mark.parametrize(
    ("uri", "divisible"),
    [("a.pdf", True), ("a.mkv", True), ("a.tif", False), ("a.zip", False), ("a.txt", False), ("a", False)],
)
def test_only_pdfs_and_videos_can_be_read_in_parts(uri: str, divisible: bool) -> None:
    assert PRIOR.estimate(ref(f"file:///in/{uri}")).divisible is divisible


def test_the_start_of_a_process_is_measured_too() -> None:
    assert PRIOR.start_seconds == 2.0
    slow = CostModel(1.5, 60_000, pace=Pace("gpu:0", {}, starts=Work(20, 20 * 13)))
    assert slow.start_seconds == pytest.approx(12)


def test_about_the_last_thousand_pages_count() -> None:
    weight = 0.0
    for _ in range(1000):
        weight = weight * fading(50, MEMORY_PAGES) + 50
    assert weight == pytest.approx(MEMORY_PAGES, rel=0.05)
    assert fading(10_000, MEMORY_PAGES) < 0.0001


@pytest.mark.parametrize(
    ("work", "plausible"),
    [
        (Work(10, 15, 600_000), True),
        (Work(0, 30, 600_000), True),  # a video without a text
        (Work(10, -1, 5), False),
        (Work(10, 10_000), False),
        (Work(10, float("nan")), False),
    ],
)
def test_what_cannot_be_true_is_told_from_what_is_slow(work: Work, plausible: bool) -> None:
    assert work.is_plausible() is plausible
