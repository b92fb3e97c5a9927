"""### Media in, queryable text out

Discovers new and changed media in a source (pictures, PDF, videos, texts, archives of them), reads them in
batches, checks what was read, and loads text, confidence and provenance into the warehouse.

```
discover → plan → [ fetch → ocr → validate → load ] × batch → report
```

* **Nightly** it ingests the default source; **on demand**, trigger it with any folder that the machine sees.
* What did not change since the last run is not opened again, unless *Read again* says so.
* A file that cannot be read goes to quarantine with a reason (view `v_quarantine`) and never fails its batch.
* Every finished page is checkpointed: a failed or killed task continues where it stopped when it is retried
  or cleared. The run fails when a batch did not reach the warehouse.
* Pools: `ocr_gpu` bounds OCR processes, `fetch` copies, `mysql` writers.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from airflow.sdk import (
    CronTriggerTimetable,
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
from textmill_airflow.assets import MEDIA_TEXT
from textmill_airflow.context import settings, staging, warehouse
from textmill_airflow.operators.ocr_batch import OcrBatchOperator
from textmill_airflow.reader_fingerprints import FingerprintsOfReaders

SETTINGS = settings()
LOG = logging.getLogger(__name__)

_STEPS = "|".join(STEPS)

# Params without a section stand in the one that is open when the form appears.
PARAMS = {
    "source": Param(
        SETTINGS.default_source,
        type="string",
        minLength=1,
        title="Folder",
        description="Absolute path or file: address of a folder (or one file) that this machine sees.",
    ),
    "reread": Param(
        "nothing",
        enum=["nothing", "refused", "other_engine", "everything"],
        title="Read again",
        description="What is read again although it did not change: what was refused, what another engine or "
        "other settings read, or everything.",
    ),
    "engine": Param(
        "auto",
        enum=["auto", "paddle", "tesseract", "trocr"],
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
}

# What a retry cannot mend fails at once; everything else gets another try, later and later.
RETRIES = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[
                "textmill.errors.SourceError",
                "textmill.errors.ModelsMissing",
                "textmill.errors.CannotRead",
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


@dag(
    # Each scheduled and each backfill run has its day. The first one waits for its night: a DAG that is new
    # to a scheduler would else start a run of its own beside the one that somebody asks for.
    schedule=CronTriggerTimetable(
        "0 2 * * *", timezone="UTC", interval=timedelta(days=1), run_immediately=timedelta(0)
    ),
    catchup=False,
    is_paused_upon_creation=False,
    max_active_runs=4,
    doc_md=__doc__,
    params=PARAMS,
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
def media_ingest() -> None:
    """Wire the stages; what they do is in `textmill.stages`."""

    @task
    def discover() -> None:
        """Find what is new or changed in the source."""
        from textmill.access import NoConnections
        from textmill.run_wishes import Reread, RunWishes
        from textmill.stages.discover import discover as run_stage

        context = get_current_context()
        params = context["params"]
        with warehouse() as engine:
            found = run_stage(
                engine,
                staging(),
                settings(),
                run_id=context["run_id"],
                source=params["source"],
                schedule="nightly",
                params=dict(params),
                wishes=RunWishes(reread=Reread(params["reread"])),
                connections=NoConnections(),
                fingerprints_of=FingerprintsOfReaders(settings(), params),
            )
        LOG.info("%d media found, %d of them unchanged", found.found, found.unchanged)

    @task
    def plan() -> list[str]:
        """Group what was found into batches of about equal work."""
        from textmill.run_wishes import RunWishes
        from textmill.stages.plan import plan as run_stage

        context = get_current_context()
        with warehouse() as engine:
            return run_stage(
                engine,
                staging(),
                settings(),
                run_id=context["run_id"],
                batch_seconds=context["params"]["batch_seconds"],
                wishes=RunWishes(),
            )

    @task(pool="fetch", execution_timeout=timedelta(hours=2))
    def fetch(batch_uri: str) -> str:
        """Copy, hash, recognise and claim the media of a batch."""
        from textmill.access import NoConnections
        from textmill.run_wishes import Reread
        from textmill.stages.fetch import fetch as run_stage

        context = get_current_context()
        with warehouse() as engine:
            tally = run_stage(
                engine,
                staging(),
                settings(),
                run_id=context["run_id"],
                batch_uri=batch_uri,
                reread=Reread(context["params"]["reread"]),
                connections=NoConnections(),
                fingerprints_of=FingerprintsOfReaders(settings(), context["params"]),
            )
        LOG.info("%d to read, %d unchanged, %d refused", tally.to_read, tally.unchanged, tally.rejected)
        return batch_uri

    @task
    def validate(batch_uri: str) -> str:
        """Hold the pages of a batch against the expectations."""
        from textmill.stages.validate import validate as run_stage

        context = get_current_context()
        with warehouse() as engine:
            tally = run_stage(engine, run_id=context["run_id"], batch_uri=batch_uri)
        LOG.info("%d pages accepted, %d quarantined", tally.accepted, tally.quarantined)
        return batch_uri

    @task(pool="mysql")
    def load(batch_uri: str) -> None:
        """Write a batch into the warehouse."""
        from textmill.stages.load import load as run_stage

        context = get_current_context()
        with warehouse() as engine:
            tally = run_stage(engine, staging(), run_id=context["run_id"], batch_uri=batch_uri)
        LOG.info(
            "%d media and %d pages loaded (%d pages changed), %d media quarantined; %d parts wait for others",
            tally.media_loaded,
            tally.pages_loaded,
            tally.pages_changed,
            tally.media_quarantined,
            tally.parts_waiting,
        )

    @task_group
    def batch(batch_uri: str) -> None:
        """One batch on its way; batches do not wait for each other."""
        ocr = OcrBatchOperator(
            task_id="ocr",
            batch_uri=fetch(batch_uri),
            wishes="{{ params | tojson }}",
            pool="ocr_gpu",
            execution_timeout=timedelta(hours=6),
        )
        load(validate(ocr.output))

    @task(trigger_rule="all_done", retries=2)
    def report() -> None:
        """Write the totals of the run, and fail it when a batch did not get through."""
        from textmill.stages.report import report as run_stage

        context = get_current_context()
        with warehouse() as engine:
            summary = run_stage(engine, staging(), settings(), run_id=context["run_id"])
        LOG.info(
            "%d media found: %d loaded, %d unchanged, %d quarantined; %d pages at %.2f pages/s",
            summary.media_found,
            summary.media_loaded,
            summary.media_unchanged,
            summary.media_quarantined,
            summary.pages_loaded,
            summary.pages_per_second,
        )

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

    planned = plan()
    discover() >> planned
    batch.expand(batch_uri=planned) >> [report(), publish()]


media_ingest()
