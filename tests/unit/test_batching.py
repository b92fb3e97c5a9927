"""Media are dealt out into batches of about equal work."""

from __future__ import annotations

import pytest

from textmill.batching import CostModel, PlanLimits, batch_count, plan_batches
from textmill.records import MediaRef

COST = CostModel(seconds_per_page=1.0, bytes_per_pdf_page=60_000)


def ref(name: str, size: int = 1000) -> MediaRef:
    return MediaRef(uri=f"file:///in/{name}", source="file:///in", bytes=size, modified_ns=1)


def limits(seconds: float = 60, batches: int = 100, slots: int = 2) -> PlanLimits:
    return PlanLimits(batch_seconds=seconds, max_batches=batches, slots=slots)


def test_no_media_make_no_batch() -> None:
    assert plan_batches([], COST, limits()) == []


def test_every_medium_is_in_exactly_one_batch() -> None:
    refs = [ref(f"{number}.png") for number in range(500)]
    batches = plan_batches(refs, COST, limits())
    planned = [item.ref.uri for batch in batches for item in batch]
    assert sorted(planned) == sorted(one.uri for one in refs)
    assert [item.item_no for item in batches[0]] == list(range(len(batches[0])))


def test_batches_hold_equal_work_not_equal_numbers() -> None:
    refs = [ref("huge.pdf", 60_000 * 300)] + [ref(f"{number}.png") for number in range(300)]
    batches = plan_batches(refs, COST, limits(seconds=300))
    assert sorted(len(batch) for batch in batches) == [1, 300]


def test_loads_differ_by_at_most_one_item() -> None:
    batches = plan_batches([ref(f"{number}.png") for number in range(241)], COST, limits(seconds=60))
    sizes = [len(batch) for batch in batches]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    ("seconds", "items", "expected"),
    [
        (10, 10, 1),  # too little to start a second process for
        (100, 100, 2),  # both slots are kept busy
        (130, 100, 4),  # three would leave a slot idle at the end
        (1_000_000, 1_000_000, 100),  # never more than allowed
        (1_000, 3, 3),  # never more than there are media
    ],
)
def test_number_of_batches(seconds: float, items: int, expected: int) -> None:
    assert batch_count(seconds, items, limits()) == expected


def test_the_same_media_give_the_same_plan() -> None:
    refs = [ref(f"{number}.pdf", 60_000 * (number % 7 + 1)) for number in range(100)]
    assert plan_batches(refs, COST, limits()) == plan_batches(refs, COST, limits())


def test_pages_of_a_pdf_are_guessed_from_its_size() -> None:
    assert COST.pages(ref("a.pdf", 600_000)) == 10
    assert COST.pages(ref("a.PDF", 1)) == 1
    assert COST.pages(ref("a.png", 600_000)) == 1


def test_pages_of_an_archive_and_a_video_are_guessed_from_their_size() -> None:
    assert COST.pages(ref("a.zip", 25_000_000)) == 100
    assert COST.pages(ref("a.tar.gz", 1)) == 1
    assert COST.pages(ref("a.mp4", 50_000_000)) == 10
    assert COST.pages(ref("a.zip!b.pdf", 600_000)) == 10
