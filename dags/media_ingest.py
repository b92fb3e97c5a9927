"""### Media in, queryable text out

Discovers new and changed media in its sources (pictures, PDF, videos, texts, archives of them), reads them in
batches, checks what was read, and loads text, confidence and provenance into the warehouse.

```
discover → plan → [ fetch → ocr → validate → load ] × batch → report
```

| run | what it looks at |
|---|---|
| scheduled, every night | all enabled sources of its schedule: all that is new or changed, since whenever |
| backfill | the same sources: media that were modified (or are dated by a manifest) in the run's interval |
| manual | what the form says; as it stands, the same as at night |
| dry run | the same, but it only tells what would be read and how long that would take |

* What did not change since the last run is not opened again, unless *Read again* says so.
* A file that cannot be read goes to quarantine with a reason (view `v_quarantine`) and never fails its batch.
  *Try what is in quarantine again* picks entries by reason, source or date.
* Runs may go on beside each other: what one of them is reading, the others leave alone.
* Every finished page is checkpointed: a failed or killed task continues where it stopped when it is retried
  or cleared. The run fails when a batch did not reach the warehouse.
* Pools: `ocr_gpu` bounds OCR processes, `fetch` copies, `mysql` writers.
"""

from __future__ import annotations

import copy
import logging
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import (
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    dag,
    get_current_context,
    task,
    task_group,
)

from textmill.preprocessing.wishes import STEPS
from textmill.sources.catalogue import catalogue_names, schedules
from textmill.staging import BatchArea
from textmill_airflow.assets import MEDIA_TEXT
from textmill_airflow.connections import AirflowConnections
from textmill_airflow.context import settings, staging_access, warehouse
from textmill_airflow.operators.ocr_batch import OcrBatchOperator
from textmill_airflow.operators.validate_batch import ValidateBatchOperator
from textmill_airflow.quarantine_params import condition_params
from textmill_airflow.reader_fingerprints import FingerprintsOfReaders
from textmill_airflow.replanning import keep_as_many
from textmill_airflow.run_wishes import CONDITION_PREFIX, run_wishes
from textmill_airflow.timetables import WholeIntervalTimetable

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from textmill.run_wishes import RunWishes

NIGHTLY, MIDNIGHT = "nightly", "0 0 * * *"
SETTINGS = settings()
# The one file that is read whenever this one is: the form has no other way to offer the names in it. It is
# small, and read anew only when it changed.
SOURCES = list(catalogue_names(SETTINGS.sources_file))
OWN_ENGINES = [name.strip() for name in SETTINGS.own_engines.split(",") if name.strip()]
LOG = logging.getLogger(__name__)

_STEPS = "|".join(STEPS)
_MOST_BATCHES = 1000
"""Airflow refuses more than 1,024 mapped tasks."""

# Params without a section stand in the one that is open when the form appears. The form sends null for a
# text that was emptied and for a list without an entry.
PARAMS = {
    "source": Param(
        "",
        type=["string", "null"],
        examples=SOURCES,
        title="Source",
        description="Name of a source in the catalogue; or an address: a folder or file that this machine "
        "sees, s3://…, a manifest (.txt, .csv, .jsonl), https://…. "
        "Empty: all enabled sources of this DAG's schedule.",
    ),
    "reread": Param(
        "nothing",
        enum=["nothing", "refused", "other_engine", "everything"],
        values_display={
            "nothing": "nothing: only what is new or changed",
            "refused": "refused: what is in quarantine too, but for what is ignored",
            "other_engine": "other_engine: what another engine or other settings read",
            "everything": "everything",
        },
        title="Read again",
        description="What is read again although it did not change.",
    ),
    "allow_private": Param(
        False,
        type="boolean",
        title="Allow private addresses",
        description="Let the URLs of an address given above lead into private networks and to this machine. "
        "Sources of the catalogue say so themselves.",
    ),
    "dry_run": Param(
        False,
        type="boolean",
        title="Dry run",
        description="Only tell what would be read and how long that would take: in the log and the XCom of "
        "the task report.",
    ),
    "retry_quarantined": Param(
        False,
        type="boolean",
        title="Try what is in quarantine again",
        description="Read nothing but what is in quarantine and fits all that is said below, also what would "
        "not be tried again by itself.",
        section="Quarantine",
    ),
    **condition_params(
        SOURCES, section="Quarantine", source_title="Source of the entries", prefix=CONDITION_PREFIX
    ),
    "engine": Param(
        "auto",
        enum=["auto", "paddle", "tesseract", "trocr", *OWN_ENGINES],
        title="OCR engine",
        description="auto takes the best one that this machine has for the languages.",
        section="Reading",
    ),
    "languages": Param(
        ["en"],
        type="array",
        items={"type": "string", "pattern": "^[a-z]{2,3}(_[A-Za-z]+)?$"},
        minItems=1,
        title="Languages",
        description="ISO 639-1 codes, one per line, the most likely first.",
        section="Reading",
    ),
    "dpi": Param(
        200,
        type="integer",
        minimum=72,
        maximum=600,
        title="DPI",
        description="Resolution at which PDF pages are drawn before they are read.",
        section="Reading",
    ),
    "text_layer": Param(
        "auto",
        enum=["auto", "always", "never"],
        title="Text layer of PDF pages",
        description="auto takes a page's own text where it is real text and reads the picture elsewhere; "
        "always takes any text that a page carries, also another OCR program's; never reads all pages.",
        section="Reading",
    ),
    "preprocessing": Param(
        "auto",
        type="string",
        pattern=rf"^(auto|none|({_STEPS})(\s*,\s*({_STEPS}))*)$",
        title="Preprocessing",
        description=f"auto chooses per page; none; or steps separated by commas: {', '.join(STEPS)}.",
        section="Reading",
    ),
    "second_opinion": Param(
        "auto",
        enum=["auto", "off", "paddle", "tesseract", "trocr"],
        title="Second opinion",
        description="Who reads doubtful lines again: auto asks whoever improves the engine, off nobody. "
        "The better reading is kept, and both are recorded.",
        section="Reading",
    ),
    "animation_frames": Param(
        "first",
        enum=["first", "all"],
        title="Frames of animated pictures",
        description="Whether an animated picture is one page, or one page per frame.",
        section="Reading",
    ),
    "video_interval_seconds": Param(
        1.0,
        type="number",
        minimum=0.1,
        maximum=60,
        title="Seconds between frames of a video",
        description="How often a video is looked at. What is shown for a shorter time may be missed.",
        section="Reading",
    ),
    "batch_seconds": Param(
        SETTINGS.batch_seconds,
        type="number",
        minimum=1,
        maximum=7200,
        title="Seconds per batch",
        description="Estimated OCR time that one batch holds. Below a minute, start-up costs dominate.",
        section="Batches",
    ),
    "max_batches": Param(
        min(SETTINGS.max_batches, _MOST_BATCHES),
        type="integer",
        minimum=1,
        maximum=_MOST_BATCHES,
        title="Most batches",
        description="Where the work would make more, batches grow instead.",
        section="Batches",
    ),
}

# What a retry cannot mend fails at once; everything else gets another try, later and later.
RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[
                "textmill.errors.SourceError",
                "textmill.errors.ModelsMissing",
                "textmill.errors.CannotRead",
                "textmill.errors.TooManyQuarantined",
            ],
            action=RetryAction.FAIL,
            reason="The same attempt would fail again",
        ),
        RetryRule(
            exception="textmill.errors.BatchFailed",
            action=RetryAction.FAIL,
            reason="The books are closed; clear the failed batch instead",
        ),
    ]
)


def _wishes() -> RunWishes:
    return run_wishes(get_current_context(), PARAMS)


def media_ingest(schedule: str = NIGHTLY, cron: str = MIDNIGHT) -> DAG:
    """Wire the stages for the sources of one schedule; what the stages do is in `textmill.stages`."""

    @dag(
        dag_id="media_ingest" if schedule == NIGHTLY else f"media_ingest_{schedule}",
        schedule=WholeIntervalTimetable(cron, timezone="UTC"),
        catchup=False,
        is_paused_upon_creation=False,
        max_active_runs=4,
        doc_md=__doc__,
        params=copy.deepcopy(PARAMS),
        tags=["textmill", "ocr"],
        default_args={
            "owner": "textmill",
            "retries": 4,
            "retry_delay": timedelta(seconds=5),
            "retry_exponential_backoff": 2.0,
            "max_retry_delay": timedelta(minutes=5),
            "retry_policy": RETRIES,
            "execution_timeout": timedelta(hours=1),
        },
    )
    def wiring() -> None:
        planned = plan()
        discover(schedule) >> planned
        closing = [report(), publish()]
        batch.expand(batch_uri=planned) >> closing
        # When a run that had no batch is cleared, Airflow takes it to have none until it is planned anew,
        # and would close its books at once.
        planned >> closing

    return wiring()


@task
def discover(schedule: str) -> None:
    """Find what is new or changed in the sources."""
    from textmill.stages.discover import discover as run_stage

    context = get_current_context()
    params = context["params"]
    with warehouse() as engine, staging_access().of_run(context["run_id"]) as staging:
        found = run_stage(
            engine,
            staging,
            settings(),
            run_id=context["run_id"],
            source=params["source"] or "",
            schedule=schedule,
            allow_private=params["allow_private"],
            params=dict(params),
            wishes=_wishes(),
            connections=AirflowConnections(),
            fingerprints_of=FingerprintsOfReaders(settings(), params),
        )
    LOG.info("%d media found, %d of them unchanged", found.found, found.unchanged)


@task
def plan() -> list[str]:
    """Group what was found into batches of about equal work."""
    from textmill.stages.plan import plan as run_stage

    context = get_current_context()
    params, wishes = context["params"], _wishes()
    run_id = context["run_id"]
    with warehouse() as engine, staging_access().of_run(run_id) as staging:
        planned = run_stage(
            engine,
            staging,
            settings().model_copy(update={"max_batches": params["max_batches"]}),
            run_id=run_id,
            batch_seconds=params["batch_seconds"],
            wishes=wishes,
        )
        batches = planned if wishes.dry_run else keep_as_many(staging.run(run_id), planned)
        return [staging.address(BatchArea.at(uri)) for uri in batches]


@task(pool="fetch", execution_timeout=timedelta(hours=2))
def fetch(batch_uri: str) -> str:
    """Copy, hash, recognise and claim the media of a batch."""
    from textmill.stages.fetch import fetch as run_stage

    context = get_current_context()
    with warehouse() as engine, staging_access().of_batch(batch_uri) as batch:
        tally = run_stage(
            engine,
            batch.staging,
            settings(),
            run_id=context["run_id"],
            batch_uri=batch.uri,
            reread=_wishes().reread,
            connections=AirflowConnections(),
            fingerprints_of=FingerprintsOfReaders(settings(), context["params"]),
        )
    LOG.info("%d to read, %d unchanged, %d refused", tally.to_read, tally.unchanged, tally.rejected)
    return batch_uri


@task(pool="mysql")
def load(batch_uri: str) -> None:
    """Write a batch into the warehouse."""
    from textmill.stages.load import load as run_stage

    context = get_current_context()
    with warehouse() as engine, staging_access().of_batch(batch_uri) as batch:
        tally = run_stage(engine, batch.staging, run_id=context["run_id"], batch_uri=batch.uri)
    LOG.info(
        "%d media and %d pages loaded (%d pages changed), %d media quarantined; %d parts wait for others",
        tally.media_loaded,
        tally.pages_loaded,
        tally.pages_changed,
        tally.media_quarantined,
        tally.parts_waiting,
    )


def _pod_template() -> dict[str, str] | None:
    """Where Airflow starts a pod per task, that of OCR tasks may want a GPU, and more memory than others."""
    template = SETTINGS.ocr_pod_template
    return {"pod_template_file": str(template)} if template else None


@task_group
def batch(batch_uri: str) -> None:
    """One batch on its way; batches do not wait for each other."""
    ocr = OcrBatchOperator(
        task_id="ocr",
        batch_uri=fetch(batch_uri),
        wishes="{{ params | tojson }}",
        pool="ocr_gpu",
        queue=SETTINGS.ocr_queue,
        executor=SETTINGS.ocr_executor or None,
        executor_config=_pod_template(),
        execution_timeout=timedelta(hours=6),
    )
    validate = ValidateBatchOperator(task_id="validate", batch_uri=ocr.output)
    load(validate.output)


@task(trigger_rule="all_done", retries=2)
def report() -> dict[str, Any] | None:
    """Write the totals of the run, and fail it when a batch did not get through."""
    if get_current_context()["params"]["dry_run"]:
        return _preview()
    from textmill.stages.report import report as run_stage

    context = get_current_context()
    with warehouse() as engine, staging_access().of_run(context["run_id"]) as staging:
        summary = run_stage(engine, staging, run_id=context["run_id"])
    LOG.info(
        "%d media found: %d loaded, %d unchanged, %d quarantined; %d pages at %.2f pages/s",
        summary.media_found,
        summary.media_loaded,
        summary.media_unchanged,
        summary.media_quarantined,
        summary.pages_loaded,
        summary.pages_per_second,
    )
    return None


@task(trigger_rule="all_done", outlets=[MEDIA_TEXT])
def publish() -> None:
    """Tell other DAGs, once a run, that text arrived; skipped when none did."""
    from airflow.sdk.exceptions import AirflowSkipException

    from textmill.stages.publish import publish as run_stage

    context = get_current_context()
    with warehouse() as engine:
        announcement = run_stage(engine, run_id=context["run_id"])
    if announcement is None:
        # Only a task that succeeds has an event: a run that loaded nothing starts nobody.
        raise AirflowSkipException("This run loaded nothing: there is nothing to tell.")
    context["outlet_events"][MEDIA_TEXT].extra = announcement.metadata()


def _preview() -> dict[str, Any]:
    from textmill.stages.preview import preview as run_stage

    run_id = get_current_context()["run_id"]
    with warehouse() as engine, staging_access().of_run(run_id) as staging:
        seen = run_stage(engine, staging, run_id=run_id)
    LOG.info("A run like this would read %s", seen.in_words())
    return asdict(seen)


for _schedule, _cron in ({NIGHTLY: MIDNIGHT} | schedules(SETTINGS.sources_file)).items():
    media_ingest(_schedule, _cron)
