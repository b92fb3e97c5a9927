"""What may succeed another time is tried again later and later, and visibly so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text
from warehouse_records import NOW, content, ref

from textmill.errors import DamagedImage, EngineFailed, FileUnreadable, HttpFailed, MediumError
from textmill.records import Rejection, Stage
from textmill.run_wishes import Reread
from textmill.warehouse.claims import Claimant, claim
from textmill.warehouse.loader import MediumResult, load_medium
from textmill.warehouse.locations import note_location
from textmill.warehouse.quarantine_closing import resolve, resolve_address
from textmill.warehouse.quarantining import RetryWaits, quarantine_all, standing
from textmill.warehouse.runs import run_key, start_run

URL = "https://example.org/a.pdf"
WAITS = RetryWaits(first_seconds=3600, most_seconds=10 * 3600)
FAILED = Rejection.of(HttpFailed("503"), uri=URL, sha256=None, stage=Stage.FETCH)


def fail(warehouse: Engine, run: int, rejection: Rejection = FAILED) -> tuple[int, timedelta | None]:
    """Refuse something in a run, one a day; returns how often that was, and how long it waits now."""
    now = NOW + timedelta(days=run)
    with warehouse.begin() as connection:
        start_run(connection, f"run-{run}", "list", {}, now)
        key = run_key(connection, f"run-{run}")
        quarantine_all(connection, [rejection], ingest_run_id=key, batch_no=0, now=now, waits=WAITS)
        found = standing(connection, rejection)
    return found.attempts, found.next_try_at and found.next_try_at - now


def rows(warehouse: Engine, sql: str) -> list[Any]:
    with warehouse.connect() as connection:
        return list(connection.execute(text(sql)).all())


def test_from_the_second_failure_on_it_waits_twice_as_long_each_time(warehouse: Engine) -> None:
    waits = [fail(warehouse, run) for run in range(1, 8)]
    assert waits == [
        (1, None),
        (2, timedelta(hours=1)),
        (3, timedelta(hours=2)),
        (4, timedelta(hours=4)),
        (5, timedelta(hours=8)),
        (6, timedelta(hours=10)),
        (7, timedelta(hours=10)),
    ]
    (entry,) = rows(warehouse, "SELECT next_try FROM v_quarantine")
    assert entry.next_try == NOW + timedelta(days=7, hours=10)


def test_a_retried_load_is_no_other_failure(warehouse: Engine) -> None:
    fail(warehouse, 1)
    assert [fail(warehouse, 2) for _ in range(3)] == [(2, timedelta(hours=1))] * 3


def test_after_decades_of_failures_the_server_still_counts(warehouse: Engine) -> None:
    fail(warehouse, 1)
    with warehouse.begin() as connection:
        connection.execute(text("UPDATE quarantine SET attempts = 100000"))
    assert fail(warehouse, 2) == (100_001, timedelta(hours=10))


def test_success_starts_the_count_anew(warehouse: Engine) -> None:
    for run in (1, 2, 3):
        fail(warehouse, run)
    with warehouse.begin() as connection:
        resolve(connection, uri=URL, sha256="a" * 64, kept=[], now=NOW)
    assert fail(warehouse, 4) == (1, None)


@pytest.mark.parametrize("error", [DamagedImage("-"), FileUnreadable("-")])
def test_what_would_fail_again_or_costs_nothing_to_try_has_no_time(
    warehouse: Engine, error: MediumError
) -> None:
    one = Rejection.of(error, uri=ref().uri, sha256=None, stage=Stage.FETCH)
    assert [fail(warehouse, run, one)[1] for run in (1, 2, 3)] == [None] * 3


def test_a_medium_waits_for_the_last_of_its_pages(warehouse: Engine) -> None:
    def load(run: int, pages: list[int]) -> datetime | None:
        now = NOW + timedelta(days=run)
        with warehouse.begin() as connection:
            start_run(connection, f"run-{run}", "list", {}, now)
            claim(connection, content(), Claimant(f"run-{run}", 0, Reread.REFUSED, 12), now)
            refused = [
                Rejection.of(EngineFailed("-", page_no=page), uri=ref().uri, sha256="a" * 64, stage=Stage.OCR)
                for page in pages
            ]
            result = MediumResult(ref().uri, "a" * 64, 2, [], refused)
            key = run_key(connection, f"run-{run}")
            load_medium(connection, result, ingest_run_id=key, batch_no=0, now=now, waits=WAITS)
        return rows(warehouse, "SELECT next_try_at FROM media")[0].next_try_at

    assert load(1, [1]) is None
    assert load(2, [1, 2]) == NOW + timedelta(days=2, hours=1)
    assert load(3, [1, 2]) == NOW + timedelta(days=3, hours=2)
    assert load(4, []) is None


def test_a_file_mended_with_content_that_is_known_closes_what_it_was_refused_for(warehouse: Engine) -> None:
    broken = Rejection.of(DamagedImage("It breaks off."), uri=ref().uri, sha256="a" * 64, stage=Stage.OCR)
    elsewhere = ref("copy.png")
    fail(warehouse, 1, broken)
    claimant = Claimant("run-1", 0, Reread.NOTHING, 1)
    with warehouse.begin() as connection:
        first = claim(connection, content("a"), claimant, NOW).media_id
        known = claim(connection, content("b"), claimant, NOW).media_id
        note_location(connection, ref(), media_id=first, refused=False, now=NOW)
        note_location(connection, elsewhere, media_id=first, refused=False, now=NOW)
        note_location(connection, ref(), media_id=known, refused=False, now=NOW)
        resolve_address(connection, uri=ref().uri, sha256="b" * 64, now=NOW)
    assert rows(warehouse, "SELECT status FROM v_quarantine") == [("open",)], "it still lies elsewhere"
    with warehouse.begin() as connection:
        note_location(connection, elsewhere, media_id=known, refused=False, now=NOW)
        resolve_address(connection, uri=ref().uri, sha256="b" * 64, now=NOW)
    assert rows(warehouse, "SELECT status FROM v_quarantine") == [("resolved",)]
