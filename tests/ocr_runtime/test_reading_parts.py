"""Reading in parts: what the parts of a medium have is together what the whole reading has."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from film_engine import write_film
from ocr_batches import content_hash, events
from pdf_pages import lines, write

from textmill.assembly import put_together, put_video_together
from textmill.batch_reader import BatchReader
from textmill.checkpoint import Checkpoint, Progress, read_events, read_progress
from textmill.errors import Reason
from textmill.findings import Findings, JudgedPages
from textmill.media import media_options
from textmill.reading.page_reader import create_reader
from textmill.records import (
    FetchedItem,
    Kind,
    Outcome,
    PageRead,
    PageRecord,
    PageVerdict,
    Rejected,
    Rejection,
    TextLayerUse,
)
from textmill.settings import Settings
from textmill.staging import BatchArea, read_records, write_records

SLIDES = [
    (3.0, ("amber", "fjord")),
    (3.0, ("kelp", "dune", "coral")),
    (3.0, ("island",)),
    (2.0, ("jetty", "basalt")),
]
STEADY, FILM = "misbehaving_engines:steady", "film_engine:reading"

PartReader = Callable[..., Findings]


def as_part(area: BatchArea, part: int, parts: int, kind: Kind | None = None) -> BatchArea:
    items = []
    for fetched in read_records(area.fetched, FetchedItem):
        content = fetched.content
        if content is not None and kind is not None:
            content = content.model_copy(update={"kind": kind, "mime": "video/mp4"})
        item = fetched.item.model_copy(update={"part": part, "parts": parts})
        items.append(fetched.model_copy(update={"item": item, "content": content}))
    write_records(area.fetched, items, FetchedItem)
    return area


def findings(area: BatchArea, sha256: str) -> Findings:
    """As the loader has them, with every page accepted."""
    progress = Progress()
    pages: list[tuple[PageRecord, PageVerdict]] = []
    rejections: list[Rejection] = []
    for event in read_events(area.checkpoint):
        progress.note(event)
        if isinstance(event, PageRead):
            page = event.page
            pages.append((page, PageVerdict(sha256=sha256, page_no=page.page_no, outcome=Outcome.ACCEPTED)))
        if isinstance(event, Rejected):
            rejections.append(event.rejection)
    return Findings(
        page_count=progress.page_counts.get(sha256),
        pages=JudgedPages.at_hand(pages),
        rejections=rejections,
        duration_ms=progress.durations.get(sha256),
        whole_page_count=progress.whole_page_counts.get(sha256),
    )


@pytest.fixture
def read_part(make_batch) -> PartReader:  # type: ignore[no-untyped-def]
    """Read one part of a file in a batch of its own, in this process."""

    def read(path: Path, part: int, parts: int, *, engine: str, kind: Kind | None = None) -> Findings:
        area = as_part(make_batch([path], engine), part, parts, kind)
        area.checkpoint.unlink(missing_ok=True)
        reader = create_reader(
            Settings(), engine=engine, languages=("en",), preprocessing="none", second_opinion="off"
        )
        options = media_options(Settings(), dpi=72, text_layer=TextLayerUse.NEVER)
        with Checkpoint(area.checkpoint, reader.fingerprint) as checkpoint:
            BatchReader(
                area, reader, checkpoint, Settings(), options, lambda event: None, video_interval_seconds=1
            ).run()
        return settled(area, path)

    return read


@pytest.fixture
def read_crashing_part(make_batch, run_worker) -> PartReader:  # type: ignore[no-untyped-def]
    """The same in processes of the OCR runtime, as many as die."""

    def read(path: Path, part: int, parts: int, *, engine: str, kind: Kind | None = None) -> Findings:
        area = as_part(make_batch([path], engine), part, parts, kind)
        area.checkpoint.unlink(missing_ok=True)
        while (done := run_worker(area)).returncode == -signal.SIGSEGV:
            pass
        assert done.returncode == 0, done.stderr
        return settled(area, path)

    return read


def settled(area: BatchArea, path: Path) -> Findings:
    found = findings(area, content_hash(path))
    assert not found.complaint
    return found


def pages(found: Findings) -> list[PageRecord]:
    return [page.model_copy(update={"milliseconds": 0}) for page in found.pages.records()]


def texts(found: Findings) -> list[tuple[int, list[str], int | None, int | None]]:
    return [
        (page.page_no, [line.text for line in page.lines], page.start_ms, page.end_ms)
        for page in pages(found)
    ]


def refused(found: Findings) -> list[tuple[int | None, Reason]]:
    return [(rejection.page_no, rejection.reason) for rejection in found.rejections]


# --- documents --------------------------------------------------------------------------------------------


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document of five pages."""
    return write(tmp_path / "five.pdf", *(lines([f"Page {number}"]) for number in range(1, 6)))


@pytest.mark.parametrize("parts", [2, 3, 7])
def test_the_parts_of_a_document_have_each_page_once(
    read_part: PartReader, document: Path, parts: int
) -> None:
    whole = read_part(document, 0, 1, engine=STEADY)
    found = [read_part(document, part, parts, engine=STEADY) for part in range(parts)]
    together = put_together(found)
    assert pages(together) == pages(whole)
    assert (together.page_count, together.complaint) == (5, "")
    assert [part.page_count for part in found] == [len(part.pages) for part in found]


def test_a_part_that_has_no_page_is_done_at_once(make_batch, run_worker, document) -> None:  # type: ignore[no-untyped-def]
    said = events(run_worker(as_part(make_batch([document], STEADY), 0, 7)))
    assert [one["event"] for one in said] == ["ready", "item_opened", "item_done", "finished"]
    assert (said[1]["page_count"], said[2]["page_count"]) == (0, 0)


def test_progress_is_that_of_the_part(make_batch, run_worker, document) -> None:  # type: ignore[no-untyped-def]
    area = as_part(make_batch([document], STEADY), 1, 2)
    said = events(run_worker(area))
    assert [one["page_no"] for one in said if one["event"] == "page_done"] == [3, 4, 5]
    assert (said[1]["page_count"], said[-2]["page_count"]) == (3, 3)
    again = events(run_worker(area))
    assert [one["event"] for one in again] == ["ready", "item_opened", "finished"]
    assert (again[1]["page_count"], again[1]["pages_resumed"]) == (3, 3)


def test_a_killed_part_goes_on_where_it_was(make_batch, worker_command, run_worker, document) -> None:  # type: ignore[no-untyped-def]
    area = as_part(make_batch([document], "misbehaving_engines:slow"), 1, 2)
    command, environment = worker_command
    process = subprocess.Popen(
        [*command, area.uri, str(os.getpid())], env=environment, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("page_no") == 3:
            process.kill()
            break
    process.wait()
    run_worker(area)
    progress = read_progress(area.checkpoint)
    assert sorted(number for _, number in progress.finished_pages) == [3, 4, 5]
    assert progress.pages_read == 3


def test_a_page_that_crashes_its_reader_costs_only_itself(
    read_part: PartReader, read_crashing_part: PartReader, document: Path
) -> None:
    crashing = "misbehaving_engines:crashing"
    together = put_together(
        [
            read_crashing_part(document, 0, 2, engine=crashing),
            read_part(document, 1, 2, engine=crashing),
        ]
    )
    assert [page.page_no for page in pages(together)] == [1, 3, 4, 5]
    assert refused(together) == [(2, Reason.PAGE_CRASHED_READER)]
    assert not together.complaint


def test_what_cannot_be_opened_is_refused_once(read_part: PartReader, tmp_path: Path) -> None:
    path = tmp_path / "head.pdf"
    path.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    together = put_together([read_part(path, part, 3, engine=STEADY) for part in range(3)])
    assert refused(together) == [(None, Reason.DAMAGED_PDF)]
    assert (together.page_count, len(together.pages)) == (None, 0)


def test_a_part_that_is_missing_is_missed(read_part: PartReader, document: Path) -> None:
    together = put_together([read_part(document, part, 3, engine=STEADY) for part in (0, 2)])
    assert together.complaint == "has 5 pages but 3 were read or refused"


# --- videos -----------------------------------------------------------------------------------------------


def film_parts(read_part: PartReader, film: Path, parts: int) -> list[Findings]:
    return [read_part(film, part, parts, engine=FILM, kind=Kind.VIDEO) for part in range(parts)]


def joined(parts: Sequence[Findings]) -> Findings:
    return put_video_together(parts, within_ms=1000)


@pytest.mark.parametrize("parts", [2, 3, 5])
def test_the_parts_of_a_video_have_the_pages_of_the_whole(
    read_part: PartReader, tmp_path: Path, parts: int
) -> None:
    film = write_film(tmp_path / "film.mp4", SLIDES)
    whole = read_part(film, 0, 1, engine=FILM, kind=Kind.VIDEO)
    together = joined(film_parts(read_part, film, parts))
    assert texts(together) == texts(whole)
    assert [page.text for page in pages(together)] == [page.text for page in pages(whole)]
    assert (together.page_count, together.duration_ms) == (4, 11_000)
    assert refused(together) == []


def test_a_slide_over_several_seams_is_one_page(read_part: PartReader, tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", [(11.0, ("amber", "fjord")), (1.0, ("island",))])
    together = joined(film_parts(read_part, film, 4))
    assert texts(together) == [(1, ["amber", "fjord"], 0, 11_000), (2, ["island"], 11_000, 12_000)]


def test_a_slide_that_builds_up_over_a_seam_is_one_page(read_part: PartReader, tmp_path: Path) -> None:
    built = [(4.0, ("amber",)), (4.0, ("amber", "fjord")), (4.0, ("amber", "fjord", "kelp"))]
    film = write_film(tmp_path / "film.mp4", built)
    whole = read_part(film, 0, 1, engine=FILM, kind=Kind.VIDEO)
    for parts in (2, 3, 4):
        together = joined(film_parts(read_part, film, parts))
        assert texts(together) == texts(whole) == [(1, ["amber", "fjord", "kelp"], 0, 12_000)]
        starts = [line.start_ms for line in pages(together)[0].lines]
        assert starts == [line.start_ms for line in pages(whole)[0].lines] == [0, 4000, 8000]


def test_what_is_gone_behind_a_seam_stays_a_page_of_its_own(read_part: PartReader, tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", [(4.0, ("amber", "island")), (4.0, ("amber", "kelp"))])
    together = joined(film_parts(read_part, film, 2))
    found = [word for _, words, _, _ in texts(together) for word in words]
    assert set(found) == {"amber", "island", "kelp"}


def test_a_frame_that_fails_in_a_later_part_gets_its_number_in_the_whole(
    read_part: PartReader, tmp_path: Path
) -> None:
    film = write_film(tmp_path / "film.mp4", SLIDES, failing=3)
    together = joined(film_parts(read_part, film, 2))
    whole = read_part(film, 0, 1, engine=FILM, kind=Kind.VIDEO)
    assert [one[0] for one in texts(together)] == [one[0] for one in texts(whole)] == [1, 2, 4]
    assert refused(together) == refused(whole) == [(3, Reason.ENGINE_FAILED)]


def test_a_frame_that_kills_its_reader_costs_only_itself(
    read_part: PartReader, read_crashing_part: PartReader, tmp_path: Path
) -> None:
    film = write_film(tmp_path / "film.mp4", SLIDES, fatal=4)
    parts = [read_part(film, part, 3, engine=FILM, kind=Kind.VIDEO) for part in range(2)]
    together = joined([*parts, read_crashing_part(film, 2, 3, engine=FILM, kind=Kind.VIDEO)])
    assert [page.page_no for page in pages(together)] == [1, 2, 3]
    assert refused(together) == [(4, Reason.PAGE_CRASHED_READER)]


@pytest.mark.parametrize(("codec", "suffix"), [("mp4v", ".mkv"), ("MJPG", ".avi")])
@pytest.mark.parametrize("parts", [2, 4])
def test_a_video_that_breaks_off_says_so_once(
    read_part: PartReader, tmp_path: Path, codec: str, suffix: str, parts: int
) -> None:
    film = write_film(tmp_path / f"film{suffix}", SLIDES, codec=codec)
    film.write_bytes(film.read_bytes()[: film.stat().st_size * 6 // 10])
    whole = read_part(film, 0, 1, engine=FILM, kind=Kind.VIDEO)
    found = film_parts(read_part, film, parts)
    together = joined(found)
    assert refused(together) == refused(whole)
    assert [one[:2] for one in texts(together)] == [one[:2] for one in texts(whole)]
    for page, same in zip(pages(together), pages(whole), strict=True):
        # Of what is gone a look after a seam, that look is not seen: it was read before.
        assert page.start_ms == pytest.approx(same.start_ms, abs=250)
        assert page.end_ms == pytest.approx(same.end_ms, abs=250)
    assert together.duration_ms == whole.duration_ms
    assert not together.complaint


def test_a_video_without_text_has_no_page(read_part: PartReader, tmp_path: Path) -> None:
    film = write_film(tmp_path / "blank.mp4", [(4.0, ())])
    together = joined(film_parts(read_part, film, 3))
    assert (together.page_count, len(together.pages), together.rejections) == (0, 0, [])


def test_a_video_that_is_none_is_refused_once(read_part: PartReader, tmp_path: Path) -> None:
    film = tmp_path / "broken.mp4"
    film.write_bytes(b"\x00\x00\x00\x18ftypmp42" + bytes(500))
    assert refused(joined(film_parts(read_part, film, 3))) == [(None, Reason.DAMAGED_VIDEO)]
