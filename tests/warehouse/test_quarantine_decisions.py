"""What people decide about entries in quarantine, and what runs make of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from warehouse_records import NOW, content, ref

from textmill.errors import DamagedImage, EngineFailed, HttpFailed, MalformedLine, Reason, TooManyPixels
from textmill.quarantine_requests import Action, QuarantineRequest
from textmill.records import MediaRef, Rejection, SourceKind, SourceSpec, Stage
from textmill.run_wishes import QuarantineFilter, Reread
from textmill.stages.quarantine import decide, look, outcome
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.known import Question, look_up
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location, unfinished_archives
from textmill.warehouse.quarantining import quarantine_all, standing
from textmill.warehouse.retrying import locations_to_retry
from textmill.warehouse.runs import run_key, start_run
from textmill.warehouse.seen_locations import SeenLocations
from textmill.warehouse.source_books import note_source

URL = MediaRef(uri="https://example.org/a.pdf", source="list", bytes=None, modified_ns=None)


class Yard:
    """Refuses things in runs, one a day, as batches do."""

    def __init__(self, warehouse: Engine) -> None:
        self.warehouse = warehouse
        self.runs = 0

    @property
    def now(self) -> datetime:
        return NOW + timedelta(days=self.runs)

    def run(self) -> int:
        self.runs += 1
        with self.warehouse.begin() as connection:
            start_run(connection, f"run-{self.runs}", "-", {}, self.now)
            return run_key(connection, f"run-{self.runs}")

    def refuse_unopened(self, one: MediaRef, error: Any, archive_id: int | None = None) -> None:
        rejection = Rejection.of(error, uri=one.uri, sha256=None, stage=Stage.FETCH)
        key = self.run()
        with self.warehouse.begin() as connection:
            quarantine_all(connection, [rejection], ingest_run_id=key, batch_no=0, now=self.now)
            so_far = standing(connection, rejection)
            note_location(
                connection,
                one,
                media_id=None,
                archive_id=archive_id,
                refused=rejection.permanent,
                failures=so_far.attempts,
                next_try_at=so_far.next_try_at,
                now=self.now,
            )

    def refuse_read(self, one: MediaRef, letter: str, *errors: Any) -> None:
        key = self.run()
        with self.warehouse.begin() as connection:
            claimed = claim(
                connection, content(letter), Claimant(f"run-{self.runs}", 0, Reread.EVERYTHING, 12), self.now
            )
            note_location(connection, one, media_id=claimed.media_id, refused=False, now=self.now)
            rejections = [
                Rejection.of(error, uri=one.uri, sha256=letter * 64, stage=Stage.OCR) for error in errors
            ]
            result = MediumResult(one.uri, letter * 64, 3, [], rejections)
            load_medium(connection, result, ingest_run_id=key, batch_no=0, now=self.now)
        with self.warehouse.begin() as connection:
            connection.execute(text("UPDATE ingest_run SET state = 'success'"))

    def is_looked_at(self, one: MediaRef, reread: Reread = Reread.NOTHING) -> bool:
        later = self.now + timedelta(days=100)
        question = Question(reread, now=later, moment=later, source=one.source)
        with self.warehouse.connect() as connection:
            return bool(look_up(connection, [one], SeenLocations(), question).to_read)

    def may_be_read(self, letter: str, reread: Reread) -> bool:
        with self.warehouse.begin() as connection:
            return claim(connection, content(letter), Claimant("another", 0, reread, 12), self.now).granted

    def do(self, action: str, note: str | None = None, **wish: Any) -> int:
        return decide(self.warehouse, QuarantineRequest(Action(action), QuarantineFilter(**wish), note))

    def rows(self, sql: str) -> list[Any]:
        with self.warehouse.connect() as connection:
            return list(connection.execute(text(sql)).all())

    def statuses(self) -> list[str]:
        return [row.status for row in self.rows("SELECT status FROM v_quarantine ORDER BY quarantine_id")]


@pytest.fixture
def yard(warehouse: Engine) -> Yard:
    return Yard(warehouse)


def test_a_decision_is_kept_with_its_note_and_is_nobody_s_run(yard: Yard) -> None:
    yard.refuse_read(ref(), "a", DamagedImage("It breaks off."))
    assert yard.do("resolve", "We have it on paper.") == 1
    assert yard.do("resolve", "We have it on paper.") == 0, "once is enough"
    (entry,) = yard.rows("SELECT status, note, closed_at, last_seen FROM v_quarantine")
    assert (entry.status, entry.note) == ("resolved", "We have it on paper.")
    assert entry.closed_at > entry.last_seen
    (made,) = yard.rows("SELECT * FROM v_quarantine_history WHERE event = 'resolved'")
    assert (made.run_id, made.note, made.message) == (None, "We have it on paper.", "It breaks off.")


def test_what_was_resolved_by_hand_opens_again_when_it_is_refused_again(yard: Yard) -> None:
    yard.refuse_unopened(URL, HttpFailed("503"))
    yard.do("resolve")
    assert yard.is_looked_at(URL), "a run may find it mended"
    yard.refuse_unopened(URL, HttpFailed("503"))
    assert yard.statuses() == ["open"]
    assert yard.rows("SELECT note, closed_at FROM v_quarantine") == [(None, None)]


FAILING = [
    pytest.param(HttpFailed("503"), id="may pass"),
    pytest.param(TooManyPixels("-"), id="for good"),
]


@pytest.mark.parametrize("error", FAILING)
@pytest.mark.parametrize("one", [URL, ref()], ids=["url", "file"])
def test_no_run_tries_an_address_that_is_ignored(yard: Yard, one: MediaRef, error: Any) -> None:
    yard.refuse_unopened(one, error)
    yard.do("ignore", "It is a trap.")
    assert not yard.is_looked_at(one)
    assert not yard.is_looked_at(one, Reread.REFUSED)
    assert yard.is_looked_at(one, Reread.EVERYTHING)
    assert list(locations_to_retry(yard.warehouse, QuarantineFilter())) == []
    yard.refuse_unopened(one, error)  # as a run does that was asked for everything
    assert yard.statuses() == ["ignored"]
    assert not yard.is_looked_at(one, Reread.REFUSED)
    assert yard.do("reopen") == 1
    assert yard.is_looked_at(one, Reread.REFUSED)
    assert yard.is_looked_at(one) is (one is URL or not error.permanent)


def test_other_bytes_at_an_address_that_is_ignored_are_looked_at(yard: Yard) -> None:
    yard.refuse_unopened(ref(), TooManyPixels("-"))
    yard.do("ignore")
    assert yard.is_looked_at(ref(bytes=6))


@pytest.mark.parametrize("error", [EngineFailed("-", page_no=2), DamagedImage("-", page_no=2)])
def test_no_run_reads_a_medium_again_that_is_ignored(yard: Yard, error: Any) -> None:
    yard.refuse_read(ref(), "a", error)
    assert yard.is_looked_at(ref(), Reread.REFUSED)
    yard.do("ignore")
    for reread in (Reread.NOTHING, Reread.REFUSED):
        assert not yard.is_looked_at(ref(), reread)
        assert not yard.may_be_read("a", reread), "nor at another address"
    yard.refuse_read(ref(), "a", error)
    assert yard.statuses() == ["ignored"]
    assert not yard.is_looked_at(ref(), Reread.REFUSED)
    yard.do("reopen")
    assert yard.is_looked_at(ref(), Reread.REFUSED)
    assert yard.may_be_read("a", Reread.REFUSED)


def test_a_medium_is_left_alone_only_when_all_its_entries_are_ignored(yard: Yard) -> None:
    yard.refuse_read(ref(), "a", EngineFailed("-", page_no=2), EngineFailed("-", page_no=3))
    first, second = (row.quarantine_id for row in yard.rows("SELECT quarantine_id FROM v_quarantine"))
    yard.do("ignore", ids=(first,))
    assert yard.is_looked_at(ref())
    yard.do("ignore", ids=(second,))
    assert not yard.is_looked_at(ref())
    yard.do("resolve", ids=(second,))
    assert not yard.is_looked_at(ref()), "the first is ignored still"
    yard.do("resolve", ids=(first,))
    assert yard.is_looked_at(ref())


def test_reading_it_at_last_closes_what_was_ignored(yard: Yard) -> None:
    yard.refuse_read(ref(), "a", EngineFailed("-", page_no=2))
    yard.do("ignore")
    yard.refuse_read(ref(), "a")
    assert yard.statuses() == ["resolved"]
    assert yard.rows("SELECT next_try_at FROM media") == [(None,)]


def test_an_archive_is_through_when_what_failed_in_it_is_ignored(yard: Yard) -> None:
    yard.refuse_read(ref("box.zip"), "f")
    yard.refuse_unopened(ref("box.zip!a.png"), EngineFailed("-"), archive_id=1)
    with yard.warehouse.connect() as connection:
        assert unfinished_archives(connection, [1], refused=True) == {1}
    assert yard.do("ignore", name="a.png") == 1
    with yard.warehouse.connect() as connection:
        assert unfinished_archives(connection, [1], refused=True) == set()


def test_entries_are_picked_by_reason_source_day_name_and_number(yard: Yard) -> None:
    yard.refuse_read(ref("one.png"), "a", DamagedImage("-"))
    yard.refuse_unopened(ref("two (50%).pdf".replace(" ", "%20").replace("%)", "%25)")), TooManyPixels("-"))
    yard.refuse_unopened(ref("box.zip!deep/three.png", source="boxes"), TooManyPixels("-"))
    with yard.warehouse.begin() as connection:
        manifest = SourceSpec(name="lines", kind=SourceKind.MANIFEST, location="file:///l.csv")
        note_source(connection, manifest)
        line = Rejection.of(MalformedLine("-"), uri="file:///l.csv#3", sha256=None, stage=Stage.DISCOVER)
        quarantine_all(connection, [line], ingest_run_id=1, batch_no=-1, now=NOW + timedelta(days=9))

    def fitting(**wish: Any) -> list[str]:
        found = look(yard.warehouse, QuarantineRequest(Action.RESOLVE, QuarantineFilter(**wish)))
        assert found.entries == len(found.first) == sum(group["entries"] for group in found.groups)
        keys = ",".join(str(one["quarantine_id"]) for one in found.first) or "0"
        return [
            row.name
            for row in yard.rows(
                f"SELECT name FROM v_quarantine WHERE quarantine_id IN ({keys}) ORDER BY quarantine_id"
            )
        ]

    names = ["one.png", "two (50%25).pdf", "three.png", "l.csv#3"]
    assert fitting() == names
    assert fitting(reasons=(Reason.TOO_MANY_PIXELS,)) == names[1:3]
    assert fitting(source="boxes") == ["three.png"]
    assert fitting(source="BOXES") == []
    assert fitting(source="lines") == ["l.csv#3"]
    assert fitting(since=NOW + timedelta(days=2), until=NOW + timedelta(days=9)) == names[1:3]
    assert fitting(name="*.png") == ["one.png", "three.png"]
    assert fitting(name="two (50%).p?f") == ["two (50%25).pdf"]
    assert fitting(name="%") == fitting(name="_ne.png") == fitting(name="ONE.png") == []
    assert fitting(ids=(1, 3)) == ["one.png", "three.png"]
    sources = yard.rows("SELECT source FROM v_quarantine ORDER BY quarantine_id")
    assert [row.source for row in sources] == ["file:///in", "file:///in", "boxes", "lines"]


def test_looking_touches_nothing_and_says_what_fits(yard: Yard) -> None:
    for number in range(25):
        yard.refuse_unopened(ref(f"{number}.png"), TooManyPixels(f"{number}.png is too large."))
    before = yard.rows("SELECT * FROM quarantine"), yard.rows("SELECT * FROM quarantine_event")
    found = look(yard.warehouse, QuarantineRequest(Action.IGNORE, QuarantineFilter()))
    assert (yard.rows("SELECT * FROM quarantine"), yard.rows("SELECT * FROM quarantine_event")) == before
    assert (found.entries, len(found.first)) == (25, 20)
    words = found.in_words()
    assert words.startswith("25 entries fit and would be ignored.\n  25 × too_many_pixels from file:///in\n")
    assert "19.png is too large." in words and words.endswith("… and 5 more")


def test_thousands_are_decided_in_pieces_that_go_on_where_they_stopped(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    from textmill.warehouse import quarantine_choice, quarantine_decisions

    key = yard.run()
    pages = [
        Rejection.of(DamagedImage("-", page_no=number), uri=ref().uri, sha256="a" * 64, stage=Stage.OCR)
        for number in range(1, 251)
    ]
    with yard.warehouse.begin() as connection:
        quarantine_all(connection, pages, ingest_run_id=key, batch_no=0, now=NOW)
    monkeypatch.setattr(quarantine_choice, "CHUNK", 100)
    in_transaction = quarantine_decisions.in_transaction
    calls = 0

    def dying(engine: Engine, work: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return in_transaction(engine, work)

    monkeypatch.setattr(quarantine_decisions, "in_transaction", dying)
    with pytest.raises(KeyboardInterrupt):
        yard.do("ignore")
    assert yard.statuses().count("ignored") == 100
    assert yard.do("ignore") == 150
    assert yard.rows("SELECT COUNT(*) FROM v_quarantine_history WHERE event = 'ignored'") == [(250,)]


def test_closed_entries_are_touched_only_by_their_number(yard: Yard) -> None:
    yard.refuse_read(ref(), "a", DamagedImage("-"))
    yard.do("resolve")
    for action in ("retry", "resolve", "ignore", "reopen"):
        assert look(yard.warehouse, QuarantineRequest(Action(action), QuarantineFilter())).entries == 0
        assert yard.do(action) == 0
    assert yard.do("reopen", ids=(1,)) == 1
    assert yard.statuses() == ["open"]


def test_an_ignored_entry_given_by_its_number_is_opened_to_be_tried(yard: Yard) -> None:
    yard.refuse_read(ref(), "a", EngineFailed("-", page_no=2))
    yard.do("ignore")
    assert yard.do("retry") == 0
    assert list(locations_to_retry(yard.warehouse, QuarantineFilter(ids=(1,)))) == []
    assert yard.do("retry", "The engine was mended.", ids=(1,)) == 1
    assert [one.uri for one in locations_to_retry(yard.warehouse, QuarantineFilter(ids=(1,)))] == [ref().uri]
    assert yard.may_be_read("a", Reread.REFUSED)


def test_the_outcome_of_another_try_tells_closed_refused_again_and_not_tried(yard: Yard) -> None:
    yard.refuse_read(ref("read.png"), "a", DamagedImage("It breaks off."))
    yard.refuse_read(ref("again.png"), "b", EngineFailed("It failed."))
    yard.refuse_read(ref("left.png"), "c", EngineFailed("Nobody looks."))
    key = yard.run()
    with yard.warehouse.begin() as connection:
        for letter, errors in (("a", []), ("b", [EngineFailed("It failed, again.")])):
            uri = ref("read.png" if letter == "a" else "again.png").uri
            rejections = [Rejection.of(one, uri=uri, sha256=letter * 64, stage=Stage.OCR) for one in errors]
            result = MediumResult(uri, letter * 64, 1, [], rejections)
            load_medium(connection, result, ingest_run_id=key, batch_no=0, now=yard.now)
    request = QuarantineRequest(Action.RETRY, QuarantineFilter())
    became = outcome(yard.warehouse, request, run_id=f"run-{yard.runs}")
    assert (became.closed, became.refused_again, became.opened, became.untouched) == (1, 1, 0, 1)
    words = became.in_words()
    assert "Closed, which was:\n  1  damaged_image: It breaks off." in words
    assert "Refused again:\n  2  engine_failed: It failed, again." in words
    assert "Not tried:\n  3  engine_failed: Nobody looks." in words
