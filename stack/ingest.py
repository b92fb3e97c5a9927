"""Hand media to the pipeline, watch it, and say what came of it."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote, urlsplit

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

from stack.airflow_api import AirflowApi
from stack.errors import StackError
from stack.lifecycle import Running
from stack.paths import Paths
from textmill.errors import SourceError
from textmill.sources.catalogue import catalogue_names, load_catalogue
from textmill.web_addresses import holds_login

if TYPE_CHECKING:
    from textmill.warehouse.reporting import RunProgress, RunSummary

DAG = "media_ingest"

_DAG_SECONDS = 120.0
_LOOK_SECONDS = 1.0
_LINE_SECONDS = 5.0


class ProgressView(Protocol):
    """Shows how far a run is."""

    def show(self, progress: RunProgress | None, run_state: str) -> None:
        """Take note of where the run is now."""


def source_of(media: str | None, paths: Paths) -> str:
    """What a run is to ingest, as the param `source` takes it.

    Args:
        media: a folder, a file or a manifest by its path; a URI of either; the name of a source in the
            catalogue; empty for all its enabled sources or, where there is no catalogue, for the samples.

    Raises:
        StackError: there is nothing to read.
    """
    if not media:
        return "" if paths.sources_file.exists() else str(_readable(paths.samples, "the samples folder"))
    parts = urlsplit(media)
    if parts.scheme and parts.netloc:
        if holds_login(parts):
            raise StackError(
                f"MEDIA holds a user or password for {parts.hostname}, which would end up in logs: keep it "
                f"in an Airflow connection, and the source in {paths.sources_file} (see docs/sources.md)."
            )
        if parts.scheme != "file":
            return media
    path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(media)
    if not path.exists() and _is_in_catalogue(media, paths.sources_file):
        return media
    return str(_readable(path.expanduser().absolute(), "MEDIA"))


def _is_in_catalogue(name: str, file: Path) -> bool:
    """Whether a source has this name. Raises StackError when the catalogue cannot tell."""
    if name in catalogue_names(file):
        return True
    try:
        if file.exists():
            load_catalogue(file)
    except SourceError as error:
        raise StackError(f"{name} is no file or folder, and the catalogue cannot be read: {error}") from None
    return False


def _readable(path: Path, name: str) -> Path:
    if not path.exists():
        raise StackError(f"There is no file or folder {path}: check {name}.")
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        else:
            path.open("rb").close()
    except PermissionError:
        raise StackError(
            f"{path} may not be read by this account: change its permissions, or run as its owner."
        ) from None
    return path.resolve()


def start_run(
    api: AirflowApi, source: Path | str, say: Callable[[str], None], **params: str | bool | int | float
) -> str:
    """Wait until Airflow knows the DAG, then start a run over `source`, with other params; returns its id."""
    deadline = time.monotonic() + _DAG_SECONDS
    said = False
    while (paused := api.dag_is_paused(DAG)) is None:
        if errors := api.import_errors():
            raise StackError(
                "\n".join([f"Airflow cannot read the DAG {DAG}:", *(f"    {error}" for error in errors)])
            )
        if time.monotonic() > deadline:
            raise StackError(
                f"Airflow does not know the DAG {DAG} after {_DAG_SECONDS:.0f} seconds: see `make logs`."
            )
        if not said:
            say("Waiting for Airflow to read the DAGs…")
            said = True
        time.sleep(0.5)
    if paused:
        api.unpause(DAG)
    return api.trigger(DAG, {"source": str(source), **params})


def follow(running: Running, api: AirflowApi, run_id: str, view: ProgressView) -> str:
    """Show the progress of a run until it ends; returns its final state."""
    import sqlalchemy

    from stack import mariadb
    from textmill.warehouse import reporting

    engine = sqlalchemy.create_engine(mariadb.loader_url(running.secrets, running.settings.ports.mariadb))
    try:
        while True:
            state = api.run_state(DAG, run_id)
            try:
                progress = reporting.run_progress(engine, run_id)
            except sqlalchemy.exc.OperationalError:
                progress = None  # The server is being restarted; the run itself waits for it too.
            view.show(progress, state)
            if state in ("success", "failed"):
                return state
            time.sleep(_LOOK_SECONDS)
    finally:
        engine.dispose()


def summary_of(running: Running, run_id: str) -> RunSummary:
    """What a finished run brought, out of the warehouse."""
    import sqlalchemy

    from stack import mariadb
    from textmill.warehouse import reporting

    engine = sqlalchemy.create_engine(mariadb.loader_url(running.secrets, running.settings.ports.mariadb))
    try:
        return reporting.run_summary(engine, run_id)
    except sqlalchemy.exc.OperationalError as error:
        reason = f"The run is over, but the warehouse did not answer ({error.orig}): see `make status`."
        raise StackError(reason) from None
    finally:
        engine.dispose()


def run_page(running: Running, run_id: str) -> str:
    """Where the Airflow UI shows a run."""
    return f"{running.ui_url}/dags/{DAG}/runs/{run_id}"


def describe(progress: RunProgress | None, run_state: str) -> str:
    """One line about how far a run is."""
    if run_state == "queued":
        return "waiting for the scheduler"
    if progress is None or not progress.batches_total:
        return "looking for media" + _found(progress)
    parts = [
        f"batches {progress.batches_done}/{progress.batches_total}",
        f"pages {progress.pages_done}/{progress.pages_total}",
    ]
    if progress.pages_per_second:
        parts.append(f"{progress.pages_per_second:.2f} pages/s")
    if progress.seconds_left is not None:
        parts.append(f"{duration(progress.seconds_left)} left")
    if progress.media_unchanged:
        parts.append(f"{progress.media_unchanged} media unchanged")
    return ", ".join(parts)


def _found(progress: RunProgress | None) -> str:
    if progress is None or not progress.media_found:
        return ""
    unchanged = f", {progress.media_unchanged} of them unchanged" if progress.media_unchanged else ""
    return f": {progress.media_found} media found{unchanged}"


def duration(seconds: float) -> str:
    """A time span as people say it: 45 s, 3 min 20 s, 2 h 05 min."""
    whole = max(0, math.ceil(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


class LineView:
    """A line every few seconds, for logs and pipes; nothing while nothing changes."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._last = ""
        self._at = -math.inf

    def show(self, progress: RunProgress | None, run_state: str) -> None:
        """Take note of where the run is now."""
        line = describe(progress, run_state)
        now = time.monotonic()
        if line != self._last and now - self._at >= _LINE_SECONDS:
            self._say(f"  {line}")
            self._last, self._at = line, now


class BarView:
    """A bar that moves, for a terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID = progress.add_task("waiting for the scheduler", total=None)

    def show(self, progress: RunProgress | None, run_state: str) -> None:
        """Take note of where the run is now."""
        total = progress.pages_total if progress and progress.pages_total else None
        done = progress.pages_done if progress else 0
        self._progress.update(
            self._task, total=total, completed=done, description=describe(progress, run_state)
        )


def watch(
    running: Running, api: AirflowApi, run_id: str, console: Console, say: Callable[[str], None]
) -> str:
    """Follow a run in the way that suits the output."""
    if not sys.stdout.isatty():
        return follow(running, api, run_id, LineView(say))
    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=24),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        return follow(running, api, run_id, BarView(bar))
