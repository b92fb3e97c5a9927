"""From the params of `quarantine_retry` to what is asked, and to the run that tries again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from textmill.errors import SourceError
from textmill.quarantine_requests import Action, QuarantineRequest
from textmill.run_wishes import QuarantineFilter
from textmill_airflow.run_wishes import CONDITION_PREFIX, CONDITIONS, filter_from, refuse_unknown


def request_from(params: Mapping[str, Any], known: Collection[str]) -> QuarantineRequest:
    """Return what params ask for.

    Args:
        params: as Airflow merged them, which takes in any other name that the configuration of a run holds.
        known: names of the params that the DAG has.

    Raises:
        SourceError: a param that the DAG does not have, days in the wrong order, or a decision about all
            entries that nobody said was meant so.
    """
    refuse_unknown(params, known)
    request = QuarantineRequest(Action(params["action"]), filter_from(params), params["note"] or None)
    is_everything = request.wish == QuarantineFilter()
    if request.action is not Action.RETRY and not params["dry_run"] and is_everything and not params["all"]:
        raise SourceError(
            f"To {request.action} every entry of the quarantine, set the param all; "
            f"to mean some of them, give {', '.join(CONDITIONS[:-1])} or {CONDITIONS[-1]}."
        )
    return request


def ingest_conf(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration of a run of `media_ingest` that tries again what params mean."""
    conditions = {CONDITION_PREFIX + name: params[name] for name in CONDITIONS if params[name]}
    return {"retry_quarantined": True, "allow_private": params["allow_private"], **conditions}
