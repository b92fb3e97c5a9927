"""Loads are sent in bounded statements, keep what did not change, and wait for no reader."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from restartable_mariadb import RestartableMariaDB
from sqlalchemy import Connection, Engine, create_engine, event, text
from warehouse_records import CORNERS, NOW, content, page, ref

from textmill.errors import EngineFailed, PacketTooSmall
from textmill.records import LineRecord, PageRecord, Rejection, Stage
from textmill.warehouse import document_text
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.connection import in_transaction, longest_statement, warehouse_engine
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location
from textmill.warehouse.migrate import upgrade
from textmill.warehouse.runs import plan_run, run_key, start_run

CLAIMANT = Claimant("run-1", 0, True, 1.0)
AWKWARD = 'it\'s a \\ "quoted" %s, 50 % 🦓 漢字\n\t'


def confident(number: int, *confidences: float, **changes: Any) -> PageRecord:
    lines = tuple(
        LineRecord(line_no=at, text=f"{AWKWARD} {at}", confidence=one, polygon=CORNERS)
        for at, one in enumerate(confidences, start=1)
    )
    values: dict[str, Any] = {"text": f"{AWKWARD} page {number}", "confidence": 0.5, "lines": lines}
    return page(number, **values | changes)


def load(
    warehouse: Engine, pages: Sequence[PageRecord], rejections: Sequence[Rejection] = (), *, later: int = 0
) -> int:
    now = NOW + timedelta(hours=later)

    def work(connection: Connection) -> int:
        registered = claim(connection, content(), CLAIMANT, now)
        note_location(connection, ref(), media_id=registered.media_id, refused=False, now=now)
        result = MediumResult(ref().uri, "a" * 64, len(pages) + len(rejections), pages, rejections)
        key = run_key(connection, "run-1")
        return load_medium(connection, result, ingest_run_id=key, batch_no=0, now=now)

    return in_transaction(warehouse, work)


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


@pytest.fixture
def statements(warehouse: Engine) -> Iterator[list[tuple[str, int]]]:
    """What is sent, and for how many rows."""
    sent: list[tuple[str, int]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, _x: Any, many: bool) -> None:
        sent.append((statement, len(parameters) if many else 1))

    event.listen(warehouse, "before_cursor_execute", note)
    yield sent
    event.remove(warehouse, "before_cursor_execute", note)


@pytest.mark.usefixtures("ingest_run_id")
class TestInChunks:
    def test_hundreds_of_pages_take_few_statements(
        self, warehouse: Engine, statements: list[tuple[str, int]]
    ) -> None:
        load(warehouse, [confident(number, 0.9, 0.8) for number in range(1, 301)])
        inserts = [(sql.split()[2].strip("`"), count) for sql, count in statements if "INSERT INTO" in sql]
        assert [count for table, count in inserts if table == "page"] == [128, 128, 44]
        assert [count for table, count in inserts if table == "line"] == [256, 256, 88]
        assert len([sql for sql, _ in statements if "FROM page" in sql or "FROM line" in sql]) == 4

    def test_only_what_changed_is_written(self, warehouse: Engine, statements: list[tuple[str, int]]) -> None:
        pages = [confident(number, 0.9, 0.8) for number in range(1, 301)]
        load(warehouse, pages)
        before = {row.page_no: row for row in rows(warehouse, "SELECT * FROM page")}
        lines = rows(warehouse, "SELECT page_id, id FROM line ORDER BY id")
        pages[199] = confident(200, 0.7, text="another text")
        pages[200] = confident(201, 0.9, 0.8, warnings=("low_confidence",))
        statements.clear()
        assert load(warehouse, pages, later=1) == 2
        after = {row.page_no: row for row in rows(warehouse, "SELECT * FROM page")}
        assert [number for number in before if before[number] != after[number]] == [200, 201]
        assert after[200].id == before[200].id
        assert (after[201].quality, after[201].warnings) == ("warning", "low_confidence")
        changed = {after[200].id, after[201].id}
        kept = [row for row in lines if row.page_id not in changed]
        assert [row for row in kept if row in rows(warehouse, "SELECT page_id, id FROM line")] == kept
        assert len(rows(warehouse, f"SELECT 1 FROM line WHERE page_id = {after[200].id}")) == 1

    def test_unchanged_pages_are_only_looked_at(
        self, warehouse: Engine, statements: list[tuple[str, int]]
    ) -> None:
        pages = [confident(number, 0.9) for number in range(1, 200)]
        load(warehouse, pages)
        statements.clear()
        assert load(warehouse, pages) == 0
        assert [sql for sql, _ in statements if "INTO page" in sql or "INTO line" in sql] == []
        # That there is a document is asked along with whether there are pages.
        asked = [sql for sql, _ in statements if not sql.startswith("SELECT EXISTS")]
        assert [sql for sql in asked if "FROM line" in sql or "document" in sql] == []

    def test_lines_and_outlines_arrive_as_they_were_read(self, warehouse: Engine) -> None:
        polygon = ((0.5, 1.0), (1e-7, 1e22), (0.1 + 0.2, -3.0))
        line = LineRecord(line_no=1, text=AWKWARD, confidence=0.25, polygon=polygon, start_ms=3)
        bare = LineRecord(line_no=2, text="", confidence=0.0, polygon=())
        load(warehouse, [confident(1, lines=(line, bare)), confident(2)])
        first, second = rows(warehouse, "SELECT * FROM line ORDER BY line_no")
        assert (first.text, first.confidence, first.start_ms, first.end_ms) == (AWKWARD, 0.25, 3, None)
        assert [tuple(point) for point in json.loads(first.polygon)] == list(polygon)
        assert second.polygon == "[]"


@pytest.mark.usefixtures("ingest_run_id")
class TestDocuments:
    """The same document, whether it is summed up on the way or put together by the server."""

    CONFIDENCES = [(0.9, 0.31, 0.8), (), (0.7999,), (0.95, 0.2, 0.99, 0.5)] * 5

    def document(self, warehouse: Engine) -> Any:
        (row,) = rows(
            warehouse, "SELECT text, confidence, confidence_low, low_line_share, pages FROM document"
        )
        return row

    @pytest.mark.parametrize("at_once", [document_text._BYTES_AT_ONCE, 400, 120, 1])
    def test_in_pieces_of_any_size(
        self, warehouse: Engine, monkeypatch: pytest.MonkeyPatch, at_once: int
    ) -> None:
        monkeypatch.setattr(document_text, "_BYTES_AT_ONCE", at_once)
        pages = [confident(number, *some) for number, some in enumerate(self.CONFIDENCES, start=1)]
        pages[3] = confident(4, text="")
        pages[4] = confident(5, 0.1, confidence=None)
        load(warehouse, pages)
        self.expect_document(warehouse, pages)
        # Now from what is there: the last page is another.
        pages[-1] = confident(20, 0.3, 0.85, text="the last")
        load(warehouse, pages, later=1)
        self.expect_document(warehouse, pages)

    def expect_document(self, warehouse: Engine, pages: Sequence[PageRecord]) -> None:
        lines = sorted(line.confidence for one in pages for line in one.lines)
        found = self.document(warehouse)
        assert found.text == "\f".join(one.text for one in pages)
        assert found.confidence == pytest.approx(0.5)
        assert found.confidence_low == lines[-(-len(lines) // 10) - 1]
        assert found.low_line_share == pytest.approx(sum(one < 0.8 for one in lines) / len(lines))
        assert found.pages == 20

    def test_with_what_was_there_before(self, warehouse: Engine) -> None:
        load(warehouse, [confident(1, 0.9), confident(2, 0.5), confident(3, 0.7)])
        refused = Rejection.of(
            EngineFailed("failed"), uri=ref().uri, sha256="a" * 64, stage=Stage.OCR, page_no=2
        )
        load(warehouse, [confident(1, 0.9), confident(3, 0.7, text="new")], [refused], later=1)
        found = self.document(warehouse)
        assert found.text == f"{AWKWARD} page 1\f{AWKWARD} page 2\fnew"
        assert (found.confidence_low, found.pages) == (0.5, 3)

    def test_none_when_the_medium_has_no_pages_any_more(self, warehouse: Engine) -> None:
        load(warehouse, [confident(1, 0.9)])
        assert load(warehouse, [], later=1) == 1
        assert rows(warehouse, "SELECT * FROM page") == rows(warehouse, "SELECT * FROM document") == []

    def test_without_any_text(self, warehouse: Engine) -> None:
        load(warehouse, [confident(1, text="", confidence=None)])
        assert tuple(self.document(warehouse)) == ("", None, None, None, 1)


@pytest.fixture(scope="module")
def small_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestartableMariaDB]:
    folder = tmp_path_factory.mktemp("small-packets")
    with RestartableMariaDB(folder, ["--max-allowed-packet=1M"]) as server:
        upgrade(server.url.render_as_string(hide_password=False))
        with warehouse_engine(server.url) as engine, engine.begin() as connection:
            start_run(connection, "run-1", "file:///in", {}, NOW)
            plan_run(connection, "run-1", [(1, 1.0)])
        yield server


class TestSmallPackets:
    """A server that takes one MiB at once: pages and documents are cut to it, or refused with a sentence."""

    def test_many_pages_and_their_document_get_through(self, small_server: RestartableMariaDB) -> None:
        with warehouse_engine(small_server.url) as engine:
            with engine.connect() as connection:
                assert longest_statement(connection) == 2**20
            # Their quotation marks and backslashes take two bytes: the document is no single statement.
            pages = [confident(number, 0.9, text="'\\" * 4000) for number in range(1, 100)]
            assert load(engine, pages) == 99
            (found,) = rows(engine, "SELECT text FROM document")
            assert found.text == "\f".join(one.text for one in pages)

    @pytest.mark.parametrize(
        ("pages", "what"),
        [
            ([confident(1, text="'" * 600_000)], "The text of page 1 of a.png takes 1.2 MiB"),
            # Its text has 0.3 MiB, and the pieces by which it is found three times as much.
            ([confident(1, text="漢" * 100_000)], "The text of page 1 of a.png takes 1.2 MiB"),
            (
                [confident(number, text="x" * 9000) for number in range(1, 200)],
                "The text of a.png takes 1.2 MiB or more",
            ),
        ],
    )
    def test_what_does_not_fit_is_named_and_nothing_is_written(
        self, small_server: RestartableMariaDB, pages: list[PageRecord], what: str
    ) -> None:
        with warehouse_engine(small_server.url) as engine:
            before = rows(engine, "SELECT page_no, LENGTH(text) FROM page")
            with pytest.raises(PacketTooSmall, match=what) as failure:
                load(engine, pages, later=1)
            assert "max_allowed_packet" in str(failure.value)
            assert rows(engine, "SELECT page_no, LENGTH(text) FROM page") == before


class TestBesideOtherLoaders:
    @pytest.mark.usefixtures("ingest_run_id")
    def test_who_waited_for_the_same_medium_finds_what_the_other_wrote(self, warehouse: Engine) -> None:
        pages = [confident(number, 0.9, 0.8) for number in range(1, 4)]
        refused = Rejection.of(
            EngineFailed("failed"), uri=ref().uri, sha256="a" * 64, stage=Stage.OCR, page_no=3
        )
        in_transaction(warehouse, lambda connection: claim(connection, content(), CLAIMANT, NOW))
        writing, changed = threading.Event(), []

        class Slow(list[PageRecord]):
            def __iter__(self) -> Iterator[PageRecord]:
                writing.set()
                waiting.wait(0.7)  # long enough for the other to stand before the lock
                return super().__iter__()

        waiting = threading.Event()

        def write(pages: Sequence[PageRecord], rejections: Sequence[Rejection]) -> None:
            def work(connection: Connection) -> int:
                result = MediumResult(ref().uri, "a" * 64, 3, pages, rejections)
                key = run_key(connection, "run-1")
                return load_medium(connection, result, ingest_run_id=key, batch_no=0, now=NOW)

            changed.append(in_transaction(warehouse, work))

        first = threading.Thread(target=write, args=(Slow(pages[:2]), [refused]))
        first.start()
        assert writing.wait(20)
        write(pages, [])
        first.join(20)
        assert changed == [2, 1]
        assert rows(warehouse, "SELECT COUNT(*) FROM line") == [(6,)]
        assert rows(warehouse, "SELECT status FROM quarantine") == [("resolved",)]
        assert rows(warehouse, "SELECT status FROM media") == [("loaded",)]


class TestBesideAnalysts:
    def test_a_load_waits_neither_for_a_snapshot_nor_for_a_sort(
        self, warehouse: Engine, warehouse_server: Any, statements: list[tuple[str, int]], ingest_run_id: int
    ) -> None:
        load(warehouse, [confident(number, 0.9) for number in range(1, 101)])
        reading, done = threading.Barrier(3), threading.Event()
        seen: list[set[int]] = []

        def read(query: str) -> None:
            engine = create_engine(warehouse_server, isolation_level="REPEATABLE READ")
            counts = set()
            with engine.connect() as connection:
                counts.add(len(connection.execute(text(query)).all()))
                reading.wait(20)
                while not done.is_set():
                    counts.add(len(connection.execute(text(query)).all()))
            seen.append(counts)
            engine.dispose()

        queries = ("SELECT * FROM page", "SELECT text FROM page ORDER BY text DESC")
        readers = [threading.Thread(target=read, args=(query,)) for query in queries]
        for reader in readers:
            reader.start()
        reading.wait(20)
        statements.clear()
        try:
            with warehouse.connect() as connection:
                # A load that had to wait for a lock would soon fail, and be tried again.
                connection.execute(text("SET SESSION innodb_lock_wait_timeout = 1"))
            changed = load(
                warehouse, [confident(number, 0.9, text=f"new {number}") for number in range(1, 201)], later=1
            )
        finally:
            done.set()
            for reader in readers:
                reader.join(60)
        assert changed == 200
        assert len([sql for sql, _ in statements if "INTO media " in sql]) == 1
        assert rows(warehouse, "SELECT COUNT(*) FROM page WHERE text LIKE 'new%'") == [(200,)]
        # Each saw what was there when it began, all the time.
        assert seen == [{100}, {100}]
