"""Validate: hold a batch's pages against the suite, write a verdict on each, and a report for people."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from textmill.access import Connections, NoConnections
from textmill.checkpoint import read_progress
from textmill.errors import TooManyQuarantined
from textmill.giving_way import giving_way
from textmill.object_answers import kind_of
from textmill.page_table import read_pages, write_verdicts
from textmill.quality.batch_policy import problem_of
from textmill.quality.importing import import_great_expectations
from textmill.quality.page_measures import MediumFacts, PageMeasures, measure_pages
from textmill.quality.publishing import publish
from textmill.quality.reports import batch_report
from textmill.quality.tally import results_of
from textmill.quality.verdicts import verdicts
from textmill.records import BatchQuality, ExpectationResult, OcrRequest, Outcome, PageVerdict
from textmill.settings import Settings
from textmill.staging import BatchArea, Staging, items_to_read, name_of
from textmill.warehouse.advisory_locks import advisory_lock
from textmill.warehouse.connection import in_transaction, utc_now
from textmill.warehouse.runs import note_batch, store_quality_results

LOG = logging.getLogger(__name__)
_LONGEST_NAME = 200


@dataclass(frozen=True)
class ValidationTally:
    """What became of a batch's pages.

    Attributes:
        accepted: with those that were flagged, which are `warned`.
        report: address of the batch's report; None where it could not be published.
    """

    accepted: int
    warned: int
    quarantined: int
    report: str | None


@dataclass(frozen=True)
class Judgement:
    """The pages of a batch and what is said of them.

    Attributes:
        verdicts: on the pages, in their order.
        sections: how each expectation fared, as HTML.
    """

    pages: Sequence[PageMeasures] = ()
    verdicts: Sequence[PageVerdict] = ()
    results: Sequence[ExpectationResult] = ()
    sections: str = ""


def validate(
    warehouse: Engine,
    staging: Staging,
    settings: Settings,
    *,
    run_id: str,
    batch_uri: str,
    connections: Connections | None = None,
) -> ValidationTally:
    """Judge a batch. A page that fails an expectation is set apart, and the others go on.

    Args:
        connections: open the object store into which reports are published.

    Raises:
        TooManyQuarantined: the batch as a whole is unfit, and its good pages are to be held back. Verdicts,
            books and report are written all the same; with good pages to be loaded, loading raises it.
    """
    area = BatchArea.at(batch_uri)
    with giving_way():
        judged = judge_batch(area, settings, run_id)
    problem = problem_of(judged.verdicts, settings)
    is_held = problem is not None and settings.quality_batch_good_pages == "hold"
    write_verdicts(area.verdicts, judged.verdicts)

    def note(connection: Connection) -> None:
        store_quality_results(connection, run_id, area.batch_no, judged.results, utc_now())
        state = "held" if is_held else "validated"
        note_batch(connection, run_id, area.batch_no, state=state, problem=problem)

    in_transaction(warehouse, note)
    quality = _quality(area, judged.verdicts, problem)
    lock = advisory_lock(warehouse, f"quality reports of {run_id}")
    report = _publish(judged, quality, staging, settings, run_id, connections or NoConnections(), lock)
    if is_held:
        raise TooManyQuarantined(f"Batch {area.batch_no} is unfit: {problem}.")
    return ValidationTally(
        accepted=quality.accepted + quality.warned,
        warned=quality.warned,
        quarantined=quality.quarantined,
        report=report,
    )


def judge_batch(area: BatchArea, settings: Settings, run_id: str) -> Judgement:
    """Judge the pages of a batch; this is all that takes time in this stage, and all that takes memory."""
    pages = list(measure_pages(read_pages(area.pages), _facts(area)))
    if not pages:
        return Judgement()  # spares the seconds that importing Great Expectations takes
    import_great_expectations()
    from textmill.quality.gate import judge
    from textmill.quality.validation_sections import validation_sections

    judged = judge(pages, settings, run_id=run_id, batch_no=area.batch_no)
    return Judgement(
        pages=pages,
        verdicts=list(verdicts(pages, judged.failures, settings)),
        results=results_of(pages, judged.failures),
        sections=validation_sections(judged.validation),
    )


def _facts(area: BatchArea) -> dict[str, MediumFacts]:
    """Return what is known of the media of a batch, by their SHA-256."""
    if not area.request.exists():  # there was nothing to read
        return {}
    languages = OcrRequest.model_validate_json(area.request.read_text(encoding="utf-8")).languages
    progress = read_progress(area.checkpoint)
    return {
        content.sha256: MediumFacts(
            name=(item.ref.filename or name_of(item.ref.uri))[-_LONGEST_NAME:],
            languages=languages,
            pages_settled=progress.finished_counts[content.sha256],
            page_count=progress.page_counts.get(content.sha256),
        )
        for item, content in items_to_read(area)
    }


def _quality(area: BatchArea, found: Sequence[PageVerdict], problem: str | None) -> BatchQuality:
    outcomes = Counter(one.outcome for one in found)
    checks = Counter(check for one in found for check in one.checks)
    return BatchQuality(
        batch_no=area.batch_no,
        pages=len(found),
        warned=outcomes[Outcome.WARNING],
        quarantined=outcomes[Outcome.QUARANTINED],
        checks=dict(checks.most_common()),
        problem=problem,
        judged_at=utc_now().isoformat(sep=" ", timespec="seconds"),
    )


def _publish(
    judged: Judgement,
    quality: BatchQuality,
    staging: Staging,
    settings: Settings,
    run_id: str,
    connections: Connections,
    lock: AbstractContextManager[None],
) -> str | None:
    """Publish the report. It is for people to look at: without it, the batch goes on."""
    page = batch_report(quality, judged.pages, judged.verdicts, run_id=run_id, sections=judged.sections)
    try:
        return publish(
            page,
            quality,
            staging=staging,
            run_id=run_id,
            settings=settings,
            connections=connections,
            lock=lock,
        )
    except Exception as error:  # of whichever library reads the store; it may hold what is secret
        LOG.warning(
            "The report on batch %d could not be published to %s (TEXTMILL_DATA_DOCS): %s. Once that is "
            "mended, clear this task to publish it.",
            quality.batch_no,
            settings.data_docs or "the staging area",
            kind_of(error),
        )
        return None
