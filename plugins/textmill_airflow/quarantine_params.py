"""The params that mean entries of the quarantine, what is asked by them, and the run that tries again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from airflow.sdk import Param

from textmill.errors import Reason, SourceError
from textmill.quarantine_requests import Action, QuarantineRequest
from textmill.run_wishes import QuarantineFilter
from textmill_airflow.run_wishes import CONDITION_PREFIX, CONDITIONS, filter_from, refuse_unknown


def condition_params(
    sources: Sequence[str], *, section: str, source_title: str, prefix: str = ""
) -> dict[str, Param]:
    """Return the fields of a form that narrow down which entries are meant: `CONDITIONS`, in this order.

    Args:
        sources: names of the catalogue, which the form offers.
        prefix: with what the names of the params begin.
    """
    reasons = [str(reason) for reason in Reason]
    fields = {
        "reasons": Param(
            [],
            type=["array", "null"],
            items={"type": "string", "enum": reasons},
            uniqueItems=True,
            examples=reasons,
            title="Reasons",
            description="Only what was refused for one of these. Empty: for any reason.",
            section=section,
        ),
        "source": Param(
            "",
            type=["string", "null"],
            examples=sources,
            title=source_title,
            description="Only what came from this source: its name, or the address that was given. "
            "Empty: any.",
            section=section,
        ),
        "since": _day("Refused since", "Only what was refused last on this day (UTC) or later.", section),
        "until": _day("Refused until", "Only what was refused last on this day (UTC) or before.", section),
        "ids": Param(
            [],
            type=["array", "null"],
            items={"type": "integer", "minimum": 1},
            uniqueItems=True,
            title="Entries",
            description="Only these: quarantine_id in v_quarantine.",
            section=section,
        ),
        "name": Param(
            "",
            type=["string", "null"],
            title="Name",
            description="Only files that are called so; * stands for any characters, ? for one.",
            section=section,
        ),
    }
    return {prefix + name: fields[name] for name in CONDITIONS}


def _day(title: str, description: str, section: str) -> Param:
    return Param(
        None, type=["null", "string"], format="date", title=title, description=description, section=section
    )


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
