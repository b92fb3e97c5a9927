"""From the params of a run, and from what kind of run it is, to what the core is asked for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from textmill.errors import Reason, SourceError
from textmill.run_wishes import Interval, QuarantineFilter, Reread, RunWishes
from textmill.staging import address_of
from textmill.web_addresses import holds_login

if TYPE_CHECKING:
    from airflow.sdk import Context

CONDITIONS = ("reasons", "source", "since", "until", "ids", "name")
"""What narrows down which entries of the quarantine are meant."""

CONDITION_PREFIX = "quarantine_"
"""With what their names begin among the params of a run that reads media."""

_BACKFILL = "backfill"


def run_wishes(context: Context, known: Collection[str]) -> RunWishes:
    """Return what the run of a task is asked to look at.

    Args:
        known: names of the params that the DAG has.

    Raises:
        SourceError: see `wishes_from`.
    """
    run = context["dag_run"]
    span = None
    # A scheduled run has an interval too, but takes whatever is new or changed: nights may have been missed.
    if run.run_type == _BACKFILL and run.data_interval_start and run.data_interval_end:
        span = Interval(run.data_interval_start, run.data_interval_end)
    return wishes_from(context["params"], known, interval=span)


def wishes_from(
    params: Mapping[str, Any], known: Collection[str], *, interval: Interval | None = None
) -> RunWishes:
    """Return what params wish for.

    Args:
        params: as Airflow merged them, which takes in any other name that the configuration of a run holds.
        known: names of the params that the DAG has.
        interval: of a backfill run.

    Raises:
        SourceError: a param that the DAG does not have, some that contradict each other, or an address with a
            password. Airflow checks the value of each known param by itself, and nothing else.
    """
    refuse_unknown(params, known)
    _refuse_passwords(params["source"] or "")
    quarantined = _quarantine_filter(params)
    if quarantined and interval:
        raise SourceError("A backfill goes by days, the quarantine does not: switch retry_quarantined off.")
    if quarantined and params["reread"] not in ("nothing", "refused"):
        raise SourceError(
            f"retry_quarantined reads what was refused, and not {params['reread']!r}: leave reread as it is."
        )
    return RunWishes(
        # What is in quarantine for good counts as unchanged and would be left out.
        reread=Reread.REFUSED if quarantined else Reread(params["reread"]),
        interval=interval,
        quarantined=quarantined,
        dry_run=params["dry_run"],
    )


def refuse_unknown(params: Collection[str], known: Collection[str]) -> None:
    """Raise SourceError for a param that a DAG does not have: Airflow takes in whatever name is given."""
    if unknown := sorted(set(params) - set(known)):
        raise SourceError(f"This DAG has no param {', '.join(_with_guess(name, known) for name in unknown)}.")


def _with_guess(name: str, known: Collection[str]) -> str:
    guesses = get_close_matches(name, known, n=1, cutoff=0.75)
    return f"{name!r} (did you mean {guesses[0]!r}?)" if guesses else f"{name!r}"


def _refuse_passwords(source: str) -> None:
    """Params are kept in the books, and shown: an address with a password in it goes no further."""
    parts = urlsplit(source)
    if holds_login(parts):
        raise SourceError(
            f"The address on {parts.hostname} holds a user or a password: keep it in an Airflow connection, "
            f"and the source in the catalogue with the connection's id."
        )


def _quarantine_filter(params: Mapping[str, Any]) -> QuarantineFilter | None:
    if not params["retry_quarantined"]:
        if given := [CONDITION_PREFIX + name for name in CONDITIONS if params[CONDITION_PREFIX + name]]:
            raise SourceError(
                f"{', '.join(given)} say what is tried again of the quarantine: switch retry_quarantined on, "
                f"or leave them empty."
            )
        return None
    return filter_from(params, CONDITION_PREFIX)


def _source(given: str | None) -> str | None:
    """Return what the entries call a source: of a path that somebody typed, its address."""
    return address_of(given) if given and "/" in given else given or None


def filter_from(params: Mapping[str, Any], prefix: str = "") -> QuarantineFilter:
    """Return which entries of the quarantine are meant.

    Args:
        prefix: with what the names of the params begin.

    Raises:
        SourceError: the days are in the wrong order.
    """
    given = {name: params[prefix + name] for name in CONDITIONS}
    since, until = _midnight(given["since"]), _midnight(given["until"])
    if since and until and since > until:
        raise SourceError(f"{prefix}since ({since:%Y-%m-%d}) is after {prefix}until ({until:%Y-%m-%d}).")
    return QuarantineFilter(
        reasons=tuple(Reason(code) for code in given["reasons"] or ()),
        source=_source(given["source"]),
        since=since,
        # People mean the last day to be in it.
        until=until + timedelta(days=1) if until else None,
        ids=tuple(given["ids"] or ()),
        name=given["name"] or None,
    )


def _midnight(day: str | None) -> datetime | None:
    """The beginning of a day in UTC, without time zone as the warehouse has its times."""
    return datetime.combine(date.fromisoformat(day), datetime.min.time()) if day else None
