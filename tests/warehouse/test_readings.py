"""A medium read in parts is loaded once and whole, by the batch whose part comes last."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from warehouse_records import NOW, page

from textmill.access import NoConnections
from textmill.checkpoint import Checkpoint
from textmill.errors import DamagedPdf, EngineFailed, MediumError, StagingError
from textmill.page_table import write_pages, write_verdicts
from textmill.records import (
    BatchItem,
    FetchedItem,
    FetchOutcome,
    MediaRef,
    MediumDone,
    MediumOpened,
    Outcome,
    PageRead,
    PageVerdict,
    Rejected,
    Rejection,
    Stage,
)
from textmill.run_wishes import Reread
from textmill.settings import Settings
from textmill.stages.fetch import FetchTally, fetch
from textmill.stages.load import LoadTally, load
from textmill.stages.publish import publish
from textmill.staging import BatchArea, Staging, read_records, write_records
from textmill.warehouse.claims import release_claims
from textmill.warehouse.runs import finish_run, note_discovery, plan_run, start_run

PAGES = 5


def pdf(path: Path, mark: str = "") -> Path:
    """What is told for a PDF; nobody opens it here."""
    path.write_bytes(b"%PDF-1.7\n" + mark.encode() + b"\n" * 2000 + b"%%EOF\n")
    return path


def refusal(error: MediumError, item: BatchItem, sha256: str, page_no: int | None = None) -> Rejected:
    return Rejected(
        rejection=Rejection.of(error, uri=item.ref.uri, sha256=sha256, stage=Stage.OCR, page_no=page_no)
    )


@dataclass
class Play:
    """A run of which a test plays the stages; what the OCR runtime and the gate would write, it writes."""

    warehouse: Engine
    root: Path
    run_id: str = "run-1"

    @property
    def staging(self) -> Staging:
        return Staging(self.root / "staging")

    def area(self, batch_no: int) -> BatchArea:
        return self.staging.run(self.run_id).batch(batch_no)

    def plan(self, *batches: Sequence[tuple[Path, int, int]], found: int = 1) -> None:
        """Each batch has items: a file, which part of it, of how many."""
        with self.warehouse.begin() as connection:
            start_run(connection, self.run_id, "file:///in", {}, NOW)
            note_discovery(connection, self.run_id, found=found, unchanged=0)
            release_claims(connection, self.run_id)
            counts = [(sum(part == 0 for _, part, _ in batch), 1.0) for batch in batches]
            plan_run(connection, self.run_id, counts)
        for batch_no, batch in enumerate(batches):
            items = [
                BatchItem(
                    item_no=number,
                    ref=MediaRef(uri=path.as_uri(), source="in", bytes=1, modified_ns=1),
                    estimated_pages=2,
                    estimated_seconds=1,
                    part=part,
                    parts=parts,
                )
                for number, (path, part, parts) in enumerate(batch)
            ]
            write_records(self.area(batch_no).items, items, BatchItem)

    def fetch(self, batch_no: int, reread: Reread = Reread.NOTHING) -> FetchTally:
        return fetch(
            self.warehouse,
            self.staging,
            Settings(stable_seconds=0),
            run_id=self.run_id,
            batch_uri=self.area(batch_no).uri,
            reread=reread,
            connections=NoConnections(),
        )

    def read(
        self,
        batch_no: int,
        *,
        refusing: dict[int, MediumError] | None = None,
        doubting: Sequence[int] = (),
        unopened: MediumError | None = None,
        wording: str = "page",
    ) -> None:
        area, refused = self.area(batch_no), refusing or {}
        area.checkpoint.unlink(missing_ok=True)
        pages, verdicts = [], []
        with Checkpoint(area.checkpoint, "f1") as checkpoint:
            for item, sha256 in self._to_read(area):
                share = item.share_of(PAGES)
                if unopened:
                    checkpoint.append(refusal(unopened, item, sha256))
                    continue
                whole = PAGES if item.parts > 1 else None
                checkpoint.append(MediumOpened(sha256=sha256, page_count=len(share), whole_page_count=whole))
                for number in (index + 1 for index in share):
                    if number in refused:
                        checkpoint.append(refusal(refused[number], item, sha256, number))
                        continue
                    record = page(number, text=f"{wording} {number}").model_copy(update={"sha256": sha256})
                    checkpoint.append(PageRead(page=record))
                    pages.append(record)
                    verdicts.append(
                        PageVerdict(
                            sha256=sha256,
                            page_no=number,
                            outcome=Outcome.QUARANTINED if number in doubting else Outcome.ACCEPTED,
                        )
                    )
                checkpoint.append(MediumDone(sha256=sha256))
        write_pages(area.pages, pages)
        write_verdicts(area.verdicts, verdicts)

    def _to_read(self, area: BatchArea) -> list[tuple[BatchItem, str]]:
        return [
            (fetched.item, fetched.content.sha256)
            for fetched in read_records(area.fetched, FetchedItem)
            if fetched.outcome is FetchOutcome.READ and fetched.content
        ]

    def load(self, batch_no: int) -> LoadTally:
        return load(self.warehouse, self.staging, run_id=self.run_id, batch_uri=self.area(batch_no).uri)

    def whole_batch(self, batch_no: int, **how: Any) -> LoadTally:
        self.fetch(batch_no)
        self.read(batch_no, **how)
        return self.load(batch_no)

    def finish(self) -> tuple[str, ...]:
        with self.warehouse.begin() as connection:
            return finish_run(connection, self.run_id, NOW)

    def rows(self, sql: str) -> list[Any]:
        with self.warehouse.connect() as connection:
            return list(connection.execute(text(sql)).all())

    def books(self) -> tuple[int, int, int, int]:
        """Found, loaded, unchanged, quarantined; and they add up."""
        (run,) = self.rows(f"SELECT * FROM ingest_run WHERE run_id = '{self.run_id}'")
        figures = (run.media_found, run.media_loaded, run.media_unchanged, run.media_quarantined)
        assert figures[0] == sum(figures[1:])
        return figures

    def texts(self) -> list[str]:
        return [row.text for row in self.rows("SELECT text FROM page ORDER BY media_id, page_no")]

    def media(self) -> list[tuple[str, bool]]:
        return [(row.status, bool(row.needs_retry)) for row in self.rows("SELECT * FROM media ORDER BY id")]

    def copies(self) -> list[Path]:
        return [path for path in (self.root / "staging" / "content").rglob("*") if path.is_file()]


WHOLE = [f"page {number}" for number in range(1, PAGES + 1)]


@pytest.fixture
def play(warehouse: Engine, tmp_path: Path) -> Play:
    return Play(warehouse, tmp_path)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return pdf(tmp_path / "long.pdf")


def in_parts(path: Path, parts: int) -> list[list[tuple[Path, int, int]]]:
    return [[(path, part, parts)] for part in range(parts)]


class TestLoading:
    @pytest.mark.parametrize("parts", [2, 3, 7])
    @pytest.mark.parametrize("backwards", [False, True])
    def test_the_last_part_loads_the_whole(
        self, play: Play, document: Path, parts: int, backwards: bool
    ) -> None:
        play.plan(*in_parts(document, parts))
        order = list(range(parts))[:: -1 if backwards else 1]
        for number in order[:-1]:
            tally = play.whole_batch(number)
            assert (tally.media_loaded, tally.parts_waiting, play.texts()) == (0, 1, [])
            assert len(play.copies()) == 1
        assert play.whole_batch(order[-1]).media_loaded == 1
        assert play.texts() == WHOLE
        assert play.media() == [("loaded", False)]
        assert play.rows("SELECT page_count FROM media") == [(PAGES,)]
        assert play.copies() == []
        assert play.finish() == ()
        assert play.books() == (1, 1, 0, 0)
        assert play.rows("SELECT pages_loaded FROM ingest_run") == [(PAGES,)]

    def test_what_was_read_in_parts_is_announced(self, play: Play, document: Path) -> None:
        play.plan(*in_parts(document, 2))
        play.whole_batch(0)
        assert publish(play.warehouse, run_id=play.run_id) is None
        play.whole_batch(1)
        announced = publish(play.warehouse, run_id=play.run_id)
        assert announced is not None
        assert (announced.media_loaded, announced.pages_loaded) == (1, PAGES)

    def test_loading_each_batch_again_changes_nothing(self, play: Play, document: Path) -> None:
        play.plan(*in_parts(document, 3))
        for number in range(3):
            play.whole_batch(number)
        before = play.rows("SELECT * FROM page")
        for number in (1, 0, 2):
            assert play.load(number).pages_changed == 0
        assert play.rows("SELECT * FROM page") == before
        play.finish()
        assert play.books() == (1, 1, 0, 0)
        assert play.rows("SELECT pages_loaded FROM ingest_run") == [(PAGES,)]

    def test_a_batch_that_is_read_again_puts_the_whole_together_again(
        self, play: Play, document: Path
    ) -> None:
        play.plan(*in_parts(document, 2))
        play.whole_batch(0)
        play.whole_batch(1)
        play.fetch(0)
        assert play.load(1).parts_waiting == 1  # the other is not there for now
        play.read(0, wording="better")
        assert (play.load(0).pages_changed, play.copies()) == (2, [])
        assert play.texts() == ["better 1", "better 2", *WHOLE[2:]]
        play.finish()
        assert play.books() == (1, 1, 0, 0)

    def test_a_load_that_is_killed_leaves_the_part_as_it_was(
        self, play: Play, document: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        play.plan(*in_parts(document, 2))
        play.whole_batch(0)
        play.fetch(1)
        play.read(1)
        with monkeypatch.context() as patched:
            patched.setattr("textmill.stages.load.close_reading", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                play.load(1)
        assert play.texts() == []
        assert play.rows("SELECT COUNT(*) FROM reading_part WHERE read_at IS NOT NULL") == [(1,)]
        assert play.load(1).media_loaded == 1
        assert play.texts() == WHOLE

    def test_of_batches_that_end_at_the_same_time_one_loads_it(self, play: Play, document: Path) -> None:
        for _ in range(3):
            play.plan(*in_parts(document, 4))
            with ThreadPoolExecutor(4) as pool:
                tallies = list(pool.map(play.whole_batch, range(4)))
            assert sum(tally.media_loaded for tally in tallies) == 1
            assert play.texts() == WHOLE
            assert play.finish() == ()
            assert play.books() == (1, 1, 0, 0)
            with play.warehouse.begin() as connection:
                connection.execute(text("UPDATE media SET needs_retry = TRUE"))

    def test_pages_that_were_refused_leave_it_partial(self, play: Play, document: Path) -> None:
        play.plan(*in_parts(document, 2))
        play.whole_batch(0, refusing={2: EngineFailed("too grey")})
        play.whole_batch(1, doubting=[4])
        assert play.texts() == ["page 1", "page 3", "page 5"]
        assert play.media() == [("partial", True)]
        refused = play.rows("SELECT page_no, reason, attempts FROM quarantine ORDER BY page_no")
        assert refused == [(2, "engine_failed", 1), (4, "expectation_failed", 1)]
        assert len(play.copies()) == 1
        play.finish()
        assert play.books() == (1, 1, 0, 0)
        figures = play.rows("SELECT pages_loaded, pages_quarantined FROM ingest_run")
        assert figures == [(3, 2)]

    def test_what_cannot_be_opened_is_refused_once(self, play: Play, document: Path) -> None:
        play.plan(*in_parts(document, 3))
        for number in range(3):
            play.whole_batch(number, unopened=DamagedPdf("no pages"))
        assert play.rows("SELECT page_no, reason FROM quarantine") == [(None, "damaged_pdf")]
        assert play.media() == [("quarantined", False)]
        play.finish()
        assert play.books() == (1, 0, 0, 1)

    def test_a_page_that_nobody_read_is_missed(self, play: Play, document: Path) -> None:
        play.plan(*in_parts(document, 2))
        play.whole_batch(0)
        play.fetch(1)
        play.read(1)
        write_pages(play.area(1).pages, [])
        with pytest.raises(StagingError, match=r"has 3 pages but 0 were read .* ocr task of batch 1"):
            play.load(1)
        assert play.texts() == []

    def test_a_part_that_never_came_fails_the_run_and_clearing_it_is_enough(
        self, play: Play, document: Path
    ) -> None:
        play.plan(*in_parts(document, 2))
        play.whole_batch(0)
        play.fetch(1)
        assert play.finish() == ("batch 1 (fetched)",)
        assert play.media() == [("claimed", False)]
        play.whole_batch(1)
        assert play.finish() == ()
        assert (play.texts(), play.books()) == (WHOLE, (1, 1, 0, 0))

    def test_other_media_of_the_batches_are_loaded_at_once(
        self, play: Play, document: Path, tmp_path: Path
    ) -> None:
        short = pdf(tmp_path / "short.pdf", "short")
        play.plan([(document, 0, 2), (short, 0, 1)], [(document, 1, 2)], found=2)
        assert play.whole_batch(0).media_loaded == 1
        assert play.texts() == WHOLE
        play.whole_batch(1)
        assert play.texts() == WHOLE * 2
        play.finish()
        assert play.books() == (2, 2, 0, 0)


class TestClaims:
    def test_a_copy_that_is_not_split_is_left_to_the_parts(
        self, play: Play, document: Path, tmp_path: Path
    ) -> None:
        copy = pdf(tmp_path / "copy.pdf")
        play.plan([(document, 0, 2)], [(copy, 0, 1), (document, 1, 2)], found=2)
        play.whole_batch(0)
        assert play.fetch(1).unchanged == 1
        play.read(1)
        play.load(1)
        play.finish()
        assert (play.texts(), play.books()) == (WHOLE, (2, 1, 1, 0))

    def test_a_copy_that_is_split_is_left_to_who_reads_it_whole(
        self, play: Play, document: Path, tmp_path: Path
    ) -> None:
        copy = pdf(tmp_path / "copy.pdf")
        play.plan([(copy, 0, 1), (document, 0, 2)], [(document, 1, 2)], found=2)
        play.whole_batch(0)
        play.whole_batch(1)
        play.finish()
        assert (play.texts(), play.books()) == (WHOLE, (2, 1, 1, 0))

    @pytest.mark.parametrize("parts", [2, 3])
    def test_a_copy_that_is_split_too_is_read_once(
        self, play: Play, document: Path, tmp_path: Path, parts: int
    ) -> None:
        copy = pdf(tmp_path / "copy.pdf")
        batches = [
            [*first, *second] for first, second in zip(in_parts(document, 3), in_parts(copy, 3), strict=True)
        ]
        if parts == 2:
            batches = [[(document, 0, 3), (copy, 1, 2)], [(document, 1, 3), (copy, 0, 2)], [(document, 2, 3)]]
        play.plan(*batches, found=2)
        for number in range(3):
            play.whole_batch(number)
        assert play.texts() == WHOLE
        assert play.finish() == ()
        assert play.books() == (2, 1, 1, 0)

    def test_the_same_place_named_twice_is_read_once(self, play: Play, document: Path) -> None:
        one, two = in_parts(document, 2)
        play.plan([*one, *two], [*two, *one], found=2)
        for number in range(2):
            play.whole_batch(number)
        assert play.texts() == WHOLE
        assert play.finish() == ()
        assert play.books() == (2, 1, 1, 0)

    def test_another_run_leaves_it_alone_while_parts_are_read(self, play: Play, document: Path) -> None:
        play.plan(*in_parts(document, 2))
        play.whole_batch(0)
        beside = Play(play.warehouse, play.root, "run-2")
        beside.plan(*in_parts(document, 3))
        for number in range(3):
            beside.whole_batch(number)
        beside.finish()
        assert beside.books() == (1, 0, 1, 0)
        play.whole_batch(1)
        assert play.texts() == WHOLE

    def test_a_part_does_not_take_what_its_sister_left_to_another_run(
        self, play: Play, document: Path
    ) -> None:
        play.plan(*in_parts(document, 2))
        play.whole_batch(0)
        beside = Play(play.warehouse, play.root, "run-2")
        beside.plan(*in_parts(document, 2))
        beside.whole_batch(0)
        play.finish()  # it failed: its claims are free
        assert beside.fetch(1).to_read == 0
        beside.read(1)
        beside.load(1)
        assert beside.finish() == ()
        assert beside.books() == (1, 0, 1, 0)

    def test_a_run_that_is_planned_anew_may_split_it_otherwise(self, play: Play, document: Path) -> None:
        play.plan(*in_parts(document, 2))
        play.whole_batch(0)
        play.plan(*in_parts(document, 3))
        for number in range(3):
            play.whole_batch(number)
        assert (play.texts(), play.finish()) == (WHOLE, ())

    def test_what_is_loaded_is_not_read_again(self, play: Play, document: Path) -> None:
        play.plan(*in_parts(document, 2))
        play.whole_batch(0)
        play.whole_batch(1)
        play.finish()
        again = Play(play.warehouse, play.root, "run-2")
        again.plan(*in_parts(document, 2))
        assert [again.fetch(number).unchanged for number in range(2)] == [1, 1]
        forced = Play(play.warehouse, play.root, "run-3")
        forced.plan(*in_parts(document, 2))
        assert [forced.fetch(number, Reread.EVERYTHING).to_read for number in range(2)] == [1, 1]


class TestRefusalsAtFetch:
    def test_a_file_that_vanished_between_two_parts_is_refused_whole(
        self, play: Play, document: Path
    ) -> None:
        play.plan(*in_parts(document, 3))
        play.whole_batch(0)
        document.unlink()
        play.whole_batch(1)
        assert play.whole_batch(2).media_quarantined == 1
        assert play.texts() == []
        assert play.rows("SELECT reason, status FROM quarantine") == [("file_vanished", "open")]
        assert play.media() == [("quarantined", True)]
        assert play.finish() == ()
        assert play.books() == (1, 0, 0, 1)

    def test_it_is_read_when_it_is_there_again(self, play: Play, document: Path) -> None:
        self.test_a_file_that_vanished_between_two_parts_is_refused_whole(play, document)
        pdf(document)
        later = Play(play.warehouse, play.root, "run-2")
        later.plan(*in_parts(document, 2))
        later.whole_batch(0)
        later.whole_batch(1)
        later.finish()
        assert (later.texts(), later.books()) == (WHOLE, (1, 1, 0, 0))
        assert later.rows("SELECT status FROM quarantine") == [("resolved",)]

    def test_a_file_that_changed_between_two_parts_is_refused_whole(self, play: Play, document: Path) -> None:
        play.plan(*in_parts(document, 2))
        play.whole_batch(0)
        pdf(document, "other")
        play.whole_batch(1)
        assert play.texts() == []
        assert play.rows("SELECT reason FROM quarantine") == [("file_changed",)]
        assert play.media() == [("quarantined", True)]  # the other content was never claimed
        play.finish()
        assert play.books() == (1, 0, 0, 1)

    def test_all_parts_fetched_again_find_the_new_content(self, play: Play, document: Path) -> None:
        self.test_a_file_that_changed_between_two_parts_is_refused_whole(play, document)
        play.whole_batch(0, wording="new")
        play.whole_batch(1, wording="new")
        assert play.texts() == [f"new {number}" for number in range(1, PAGES + 1)]
        assert play.finish() == ()
        assert play.books() == (1, 1, 0, 0)

    def test_an_archive_in_a_pdf_s_name_is_opened_by_the_first_part(self, play: Play, tmp_path: Path) -> None:
        import zipfile

        path = tmp_path / "box.pdf"
        with zipfile.ZipFile(path, "w") as box:
            box.writestr("a.pdf", pdf(tmp_path / "a.pdf").read_bytes())
        play.plan(*in_parts(path, 3))
        for number in (1, 0, 2):
            play.whole_batch(number)
        assert play.texts() == WHOLE
        assert play.media() == [("loaded", False)] * 2
        assert play.finish() == ()
        assert play.books() == (2, 2, 0, 0)
