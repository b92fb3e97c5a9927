"""Media are dealt out into batches of about equal work."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

import pytest

from textmill.batching import CostModel, Deal, PlanLimits, Workload, deal
from textmill.batching.dealing import batch_count, share_out
from textmill.errors import SourceError
from textmill.records import MediaRef, ReadingProfile, SourceKind, SourceSpec

COST = CostModel(seconds_per_page=1.0, bytes_per_pdf_page=60_000)
SCANS = SourceSpec(name="scans", kind=SourceKind.FOLDER, location="file:///in")


def ref(name: str, size: int | None = 1000, **changes: object) -> MediaRef:
    values = {"uri": f"file:///in/{name}", "source": "scans", "bytes": size, "modified_ns": 1}
    return MediaRef.model_validate(values | changes)


def pdf(name: str, pages: int, **changes: object) -> MediaRef:
    return ref(f"{name}.pdf", 60_000 * pages, **changes)


def limits(
    seconds: float = 60, batches: int = 100, slots: int = 2, part_seconds: float = math.inf
) -> PlanLimits:
    return PlanLimits(seconds, batches, slots, part_seconds)


def workload(
    refs: Sequence[MediaRef], *sources: SourceSpec, cost: CostModel = COST, max_batches: int = 100
) -> Workload:
    work = Workload(sources or (SCANS,), lambda profile: cost, max_batches)
    work.add_all(refs)
    return work


def dealt(refs: Sequence[MediaRef], bounds: PlanLimits, *sources: SourceSpec) -> Deal:
    return deal(workload(refs, *sources, max_batches=bounds.max_batches), bounds)


def by_batch(plan: Deal) -> list[list[int]]:
    """The numbers of the media that each batch has something of."""
    batches: list[list[int]] = [[] for _ in plan.batches]
    for medium, pieces in enumerate(plan.pieces()):
        for piece in pieces:
            batches[piece.batch_no].append(medium)
    return batches


def test_no_media_make_no_batch() -> None:
    plan = dealt([], limits())
    assert plan.batches == () and list(plan.pieces()) == []


def test_every_medium_is_in_exactly_one_batch_in_the_order_of_discovery() -> None:
    plan = dealt([ref(f"{number}.png") for number in range(500)], limits())
    batches = by_batch(plan)
    assert sorted(medium for batch in batches for medium in batch) == list(range(500))
    assert all(batch == sorted(batch) for batch in batches)
    assert [batch.media for batch in plan.batches] == [len(batch) for batch in batches]


def test_items_of_a_batch_are_numbered_from_zero() -> None:
    plan = dealt([pdf(str(number), number % 5 + 1) for number in range(200)], limits())
    numbers: dict[int, list[int]] = {}
    for (piece,) in plan.pieces():
        numbers.setdefault(piece.batch_no, []).append(piece.item_no)
    assert all(found == list(range(len(found))) for found in numbers.values())


def test_batches_hold_equal_work_not_equal_numbers() -> None:
    refs = [ref(f"{number}.png") for number in range(300)] + [pdf("huge", 300)]
    assert [len(batch) for batch in by_batch(dealt(refs, limits(seconds=300)))] in ([1, 300], [300, 1])


def test_loads_differ_by_at_most_one_item() -> None:
    plan = dealt([ref(f"{number}.png") for number in range(241)], limits(seconds=60))
    sizes = [batch.media for batch in plan.batches]
    assert max(sizes) - min(sizes) <= 1


def test_the_batch_with_most_work_starts_first() -> None:
    refs = [ref(f"{number}.png") for number in range(100)] + [ref("old.zip", 250_000 * 400)]
    plan = dealt(refs, limits(seconds=60))
    assert by_batch(plan)[0] == [100]
    loads = [batch.seconds for batch in plan.batches]
    assert loads == sorted(loads, reverse=True) and loads[0] == 400


def test_a_medium_that_fills_a_batch_alone_makes_the_others_no_smaller() -> None:
    refs = [ref(f"{number}.png") for number in range(600)] + [ref("old.zip", 250_000 * 6000)]
    loads = [batch.seconds for batch in dealt(refs, limits(seconds=60)).batches]
    assert len(loads) == 12
    assert loads[0] == 6000 and min(loads) > 50


def test_of_equally_full_batches_the_one_with_the_longest_item_starts_first() -> None:
    refs = [ref(f"{number}.png") for number in range(120)] + [pdf("long", 60)]
    assert 120 in by_batch(dealt(refs, limits(seconds=60)))[0]


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


def test_where_starting_a_process_is_slow_it_takes_more_work_to_start_another() -> None:
    assert batch_count(50, 50, limits()) == 2
    assert batch_count(50, 50, limits(), start_seconds=20) == 1


def test_there_is_a_batch_for_every_profile() -> None:
    assert batch_count(10, 10, limits(), profiles=3) == 3


def test_the_same_media_give_the_same_plan() -> None:
    refs = [pdf(str(number), number % 7 + 1) for number in range(100)]
    assert list(dealt(refs, limits()).pieces()) == list(dealt(refs, limits()).pieces())


# --- reading profiles ------------------------------------------------------------------------------------


def test_media_of_different_profiles_are_never_in_one_batch() -> None:
    letters = SCANS.model_copy(update={"name": "letters", "languages": ("fr",), "engine": "tesseract"})
    refs = [
        *(ref(f"{number}.png") for number in range(90)),
        *(ref(f"l{number}.png", source="letters") for number in range(60)),
        ref("dutch.png", source="letters", languages=["nl"]),
        ref("german.png", languages=["de"]),
    ]
    plan = dealt(refs, limits(), SCANS, letters)
    profiles = {
        medium: plan.batches[no].profile for no, batch in enumerate(by_batch(plan)) for medium in batch
    }
    assert {profiles[number] for number in range(90)} == {ReadingProfile()}
    assert {profiles[number] for number in range(90, 150)} == {
        ReadingProfile(engine="tesseract", languages=("fr",))
    }
    # The medium's languages are nearer than its source's, and its source's engine still holds.
    assert profiles[150] == ReadingProfile(engine="tesseract", languages=("nl",))
    assert profiles[151] == ReadingProfile(languages=("de",))


def test_profiles_share_the_batches_by_their_work() -> None:
    assert share_out(10, [90.0, 10.0], [90, 10]) == [9, 1]
    assert share_out(4, [1000.0, 1.0, 1.0], [1000, 1, 1]) == [2, 1, 1]


def test_a_profile_gets_no_more_batches_than_it_has_media() -> None:
    assert share_out(10, [1000.0, 50.0], [2, 50]) == [2, 8]
    assert share_out(10, [5.0, 5.0], [2, 2]) == [2, 2]


def test_the_most_batches_hold_for_all_profiles_together() -> None:
    refs = [
        ref(f"{number}.png", languages=[language]) for number in range(300) for language in ("de", "fr", "it")
    ]
    plan = dealt(refs, limits(seconds=20, batches=10))
    assert len(plan.batches) == 10


def test_too_many_profiles_are_refused_in_a_sentence() -> None:
    refs = [ref(f"{number}.png", languages=[f"l{number}"]) for number in range(34)]
    with pytest.raises(SourceError, match=r"more than 33 different ways.*such as l33.*TEXTMILL_MAX_BATCHES"):
        dealt(refs, limits())
    assert len(dealt(refs[:33], limits()).batches) >= 33


# --- parts -----------------------------------------------------------------------------------------------


def test_a_long_medium_is_read_in_parts_each_in_a_batch_of_its_own() -> None:
    refs = [ref(f"{number}.png") for number in range(600)] + [pdf("encyclopaedia", 1000)]
    plan = dealt(refs, limits(seconds=100, part_seconds=500))
    *_, parts = plan.pieces()
    assert [piece.part for piece in parts] == list(range(10))
    assert {piece.parts for piece in parts} == {10}
    assert len({piece.batch_no for piece in parts}) == 10
    assert sum(piece.pages for piece in parts) == 1000
    assert sum(piece.seconds for piece in parts) == pytest.approx(1000)
    assert max(batch.seconds for batch in plan.batches) == pytest.approx(100, rel=0.01)
    assert sum(batch.media for batch in plan.batches) == 601


def test_parts_have_the_pages_that_a_batch_item_says_they_have() -> None:
    *_, parts = dealt([pdf("book", 1003)], limits(seconds=100, part_seconds=500)).pieces()
    assert len(parts) == 12
    assert [piece.pages for piece in parts] == [
        1003 * (part + 1) // 12 - 1003 * part // 12 for part in range(12)
    ]


def test_what_can_only_be_read_as_a_whole_is_never_split() -> None:
    refs = [ref("old.zip", 250_000 * 2000), ref("plan.tif", 10**9, pages=2000), ref("log.txt", 10**9)]
    assert all(len(pieces) == 1 for pieces in dealt(refs, limits(part_seconds=100)).pieces())


def test_a_medium_that_fits_a_batch_is_not_split() -> None:
    """With so much work that batches are larger than a part would be."""
    refs = [pdf(str(number), 600) for number in range(200)]
    plan = dealt(refs, limits(seconds=60, batches=10, part_seconds=500))
    assert all(len(pieces) == 1 for pieces in plan.pieces())


def test_one_medium_takes_at_most_a_quarter_of_the_batches() -> None:
    (parts,) = dealt([pdf("huge", 10_000)], limits(seconds=60, batches=40, part_seconds=500)).pieces()
    assert len(parts) == 10


def test_there_are_no_more_parts_than_pages() -> None:
    (parts,) = deal(
        workload([pdf("slow", 3)], cost=CostModel(500.0, 60_000)), limits(seconds=60, part_seconds=500)
    ).pieces()
    assert [piece.pages for piece in parts] == [1, 1, 1]


def test_a_lone_long_medium_keeps_all_slots_busy() -> None:
    plan = dealt([pdf("book", 1000)], limits(seconds=3000, slots=8, part_seconds=500))
    assert [batch.seconds for batch in plan.batches] == [125.0] * 8


def test_there_are_no_more_parts_than_the_profile_has_batches() -> None:
    refs = [pdf("book", 1000, languages=["de"])] + [ref(f"{number}.png") for number in range(10_050)]
    plan = dealt(refs, limits(seconds=60, batches=100, part_seconds=500))
    first, *_ = plan.pieces()
    german = [no for no, batch in enumerate(plan.batches) if batch.profile.languages == ("de",)]
    assert len(first) == 9 and [piece.batch_no for piece in first] == german


# --- how equal batches are -------------------------------------------------------------------------------


def mixture(seed: int) -> list[MediaRef]:
    """Receipts, letters, books, archives and recordings in different proportions."""
    chance = random.Random(seed)
    receipts = [ref(f"r{number}.jpg") for number in range(chance.randrange(1, 2000))]
    letters = [pdf(f"l{number}", chance.randrange(1, 6)) for number in range(chance.randrange(300))]
    books = [pdf(f"b{number}", int(chance.paretovariate(1.1) * 40)) for number in range(chance.randrange(15))]
    archives = [ref(f"{n}.zip", int(chance.lognormvariate(16, 2))) for n in range(chance.randrange(10))]
    videos = [ref(f"{n}.mp4", int(chance.lognormvariate(19, 1.5))) for n in range(chance.randrange(6))]
    refs = [*receipts, *letters, *books, *archives, *videos]
    chance.shuffle(refs)
    return refs


@pytest.mark.parametrize("seed", range(40))
def test_no_batch_is_more_than_a_third_fuller_than_it_has_to_be(seed: int) -> None:
    """Graham's bound, against a lower bound of the best split: the mean, and the longest piece."""
    work = workload(mixture(seed))
    plan = deal(work, limits(seconds=120, part_seconds=math.inf))
    loads = [batch.seconds for batch in plan.batches]
    best = max(math.fsum(loads) / len(loads), max(work.seconds))
    assert math.fsum(loads) == pytest.approx(math.fsum(work.seconds))
    assert max(loads) <= best * (4 / 3) + 1e-6


@pytest.mark.parametrize("seed", range(40))
def test_parts_make_the_fullest_batch_no_fuller(seed: int) -> None:
    refs = mixture(seed)
    whole = dealt(refs, limits(seconds=120))
    split = dealt(refs, limits(seconds=120, part_seconds=300))
    loads = [batch.seconds for batch in split.batches]
    assert max(loads) <= max(batch.seconds for batch in whole.batches) + 1e-6
    assert math.fsum(loads) == pytest.approx(math.fsum(batch.seconds for batch in whole.batches))
    for pieces in split.pieces():
        assert len({piece.batch_no for piece in pieces}) == len(pieces)


@pytest.mark.parametrize("seed", range(4))
def test_receipts_even_out_what_long_media_leave_uneven(seed: int) -> None:
    """The usual case: many short media. Then batches differ by about the shortest of them."""
    refs = [*mixture(seed), *(ref(f"more{number}.jpg") for number in range(10_000))]
    plan = dealt(refs, limits(seconds=120, part_seconds=150))
    numbers = [len(batch) for batch in by_batch(plan)]
    least = min(batch.seconds for batch in plan.batches)
    fuller = [
        number
        for number, batch in zip(numbers, plan.batches, strict=True)
        if batch.seconds > least + 1 + 1e-6
    ]
    assert set(fuller) <= {1}  # a batch has more only where one piece is longer than the others' share
    assert len(fuller) < len(numbers) / 2
