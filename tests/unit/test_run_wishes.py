"""What a run is asked for, by its params and its kind."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from textmill.errors import Reason, SourceError
from textmill.run_wishes import Interval, QuarantineFilter, Reread, RunWishes
from textmill_airflow.run_wishes import run_wishes, wishes_from

if TYPE_CHECKING:
    from airflow.sdk import Context

AS_IT_STANDS: dict[str, Any] = {
    "source": "",
    "reread": "nothing",
    "dry_run": False,
    "retry_quarantined": False,
    "quarantine_reasons": [],
    "quarantine_source": "",
    "quarantine_since": None,
    "quarantine_until": None,
    "quarantine_ids": [],
    "quarantine_name": "",
}
DAY = (datetime(2026, 11, 10, tzinfo=UTC), datetime(2026, 11, 11, tzinfo=UTC))


def wishes(**changes: Any) -> RunWishes:
    return wishes_from(AS_IT_STANDS | changes, AS_IT_STANDS)


def of_run(run_type: str) -> RunWishes:
    run = SimpleNamespace(run_type=run_type, data_interval_start=DAY[0], data_interval_end=DAY[1])
    return run_wishes(cast("Context", {"dag_run": run, "params": AS_IT_STANDS}), AS_IT_STANDS)


def test_the_form_as_it_stands_wishes_for_what_is_new_or_changed() -> None:
    assert wishes() == RunWishes()


def test_the_form_may_be_emptied() -> None:
    emptied = {name: None for name in AS_IT_STANDS if name.startswith("quarantine") or name == "source"}
    assert wishes(**emptied) == RunWishes()


def test_a_backfill_looks_at_its_interval_only() -> None:
    assert of_run("backfill").interval == Interval(*DAY)


@pytest.mark.parametrize("run_type", ["scheduled", "manual", "asset_triggered"])
def test_other_runs_look_at_all_times(run_type: str) -> None:
    assert of_run(run_type).interval is None


def test_reread_and_dry_run_are_handed_on() -> None:
    assert wishes(reread="other_engine", dry_run=True) == RunWishes(reread=Reread.OTHER_ENGINE, dry_run=True)


def test_what_is_in_quarantine_is_read_again_also_when_it_was_refused_for_good() -> None:
    assert wishes(retry_quarantined=True) == RunWishes(reread=Reread.REFUSED, quarantined=QuarantineFilter())


def test_the_quarantine_is_narrowed_by_reason_source_and_whole_days() -> None:
    asked = wishes(
        retry_quarantined=True,
        quarantine_reasons=["http_failed", "too_many_pixels"],
        quarantine_source="invoices",
        quarantine_since="2026-11-10",
        quarantine_until="2026-11-14",
    )
    assert asked.quarantined == QuarantineFilter(
        reasons=(Reason.HTTP_FAILED, Reason.TOO_MANY_PIXELS),
        source="invoices",
        since=datetime(2026, 11, 10),
        until=datetime(2026, 11, 15),
    )


def test_conditions_without_the_switch_are_no_silent_nothing() -> None:
    with pytest.raises(SourceError, match=r"quarantine_source say what .* switch retry_quarantined on"):
        wishes(quarantine_source="invoices")


def test_days_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(SourceError, match="2026-11-14"):
        wishes(retry_quarantined=True, quarantine_since="2026-11-14", quarantine_until="2026-11-10")


def test_a_misspelt_param_is_refused_with_a_guess() -> None:
    with pytest.raises(SourceError, match=r"no param 'dryrun' \(did you mean 'dry_run'\?\), 'force'\."):
        wishes(dryrun=True, force=True)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(SourceError, match=r"on example\.org holds") as refusal:
        wishes(source="https://me:hunter2@example.org/list.txt")
    assert "hunter2" not in str(refusal.value)


def test_the_quarantine_is_tried_neither_day_by_day_nor_with_all_else() -> None:
    with pytest.raises(SourceError, match="leave reread as it is"):
        wishes(retry_quarantined=True, reread="everything")
    with pytest.raises(SourceError, match="backfill goes by days"):
        wishes_from(AS_IT_STANDS | {"retry_quarantined": True}, AS_IT_STANDS, interval=Interval(*DAY))
