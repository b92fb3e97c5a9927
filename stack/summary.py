"""The tables at the end of a run, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from stack.airflow_api import FailedTask
from stack.airflow_configuration import ADMIN
from stack.ingest import DAG, duration, run_page
from stack.lifecycle import Running

if TYPE_CHECKING:
    from textmill.warehouse.reporting import MediumLine, QuarantineLine, RunSummary

_MOST_ROWS = 30
_PLAIN_WIDTH = 140
_SHOW_QUARANTINE = """echo "select uri, message from v_quarantine where status = 'open'" | make -s sql"""


def make_console() -> Console:
    """A console that does not fold tables to 80 columns when its output goes into a file."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


def tables(summary: RunSummary, source: str) -> RenderableType:
    """What a run brought: totals, one line of text per medium, what was put aside and why."""
    parts: list[RenderableType] = [_totals(summary)]
    is_over = summary.state == "success"
    if is_over and summary.media_found and summary.media_unchanged == summary.media_found:
        parts.append("Everything is unchanged: nothing was read again.")
    if summary.media:
        parts.append(_media(summary.media, source))
    if summary.quarantined:
        parts.append(_quarantined(summary.quarantined, source))
    if (earlier := summary.open_entries - len(summary.quarantined)) > 0:
        entries = "entry" if earlier == 1 else "entries"
        parts.append(f"{earlier} {entries} of earlier runs still in quarantine: {_SHOW_QUARANTINE}")
    return Group(*parts)


def failure(tasks: Sequence[FailedTask], running: Running, run_id: str, problem: str | None) -> str:
    """Why the run failed, which tasks did, and where their logs are."""
    lines = [f"The run failed: {problem}" if problem else "The run failed."]
    for task in tasks[:_MOST_ROWS]:
        mapped = "" if task.map_index < 0 else f"/mapped/{task.map_index}"
        lines.append(f"  {task.label}: {run_page(running, run_id)}/tasks/{task.task_id}{mapped}")
    lines += _more(len(tasks))
    folder = running.settings.paths.logs / "tasks" / f"dag_id={DAG}" / f"run_id={run_id}"
    return "\n".join([*lines, f"Their logs are also files below {folder}"])


def next_steps(running: Running) -> str:
    """Where everything is now, and how to go on."""
    return "\n".join(
        [
            f"Airflow    {running.ui_url}  (user {ADMIN}, `make password` shows the password)",
            "Query      echo 'select uri, page_no, text from v_page limit 5' | make -s sql",
            "More       make run MEDIA=/some/folder · make status · make logs · make stop",
        ]
    )


def _totals(summary: RunSummary) -> Table:
    table = Table(title="Textmill", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    rows = [
        ("media found", str(summary.media_found)),
        ("media loaded", str(summary.media_loaded)),
        ("media unchanged", str(summary.media_unchanged)),
        ("media quarantined", str(summary.media_quarantined)),
        ("pages loaded", str(summary.pages_loaded)),
        ("pages quarantined", str(summary.pages_quarantined)),
        ("mean confidence", _confidence(summary.confidence)),
        ("time", duration(summary.seconds)),
        ("pages/s", f"{summary.pages_per_second:.2f}"),
    ]
    for name, value in rows:
        table.add_row(name, value)
    return table


def _media(media: Sequence[MediumLine], source: str) -> Table:
    table = Table(title="Media", title_justify="left", caption=_caption(len(media)), caption_justify="left")
    table.add_column("medium", overflow="fold", max_width=48)
    table.add_column("status", no_wrap=True)
    table.add_column("pages", justify="right")
    table.add_column("confidence", justify="right")
    table.add_column("text found", no_wrap=True, overflow="ellipsis", max_width=64)
    for line in media[:_MOST_ROWS]:
        name = Text(_short(line.uri, source))
        pages = "–" if line.kind == "archive" else str(line.pages)
        found = Text(line.first_line or _no_text(line), style="" if line.first_line else "dim")
        table.add_row(name, line.status, pages, _confidence(line.confidence), found)
    return table


def _no_text(line: MediumLine) -> str:
    return "(archive: its members are media of their own)" if line.kind == "archive" else "(no text)"


def _quarantined(lines: Sequence[QuarantineLine], source: str) -> Table:
    table = Table(
        title="Quarantined", title_justify="left", caption=_caption(len(lines)), caption_justify="left"
    )
    table.add_column("medium", overflow="fold", max_width=48)
    table.add_column("page", justify="right")
    table.add_column("reason", no_wrap=True)
    table.add_column("what happened", overflow="fold")
    for line in lines[:_MOST_ROWS]:
        page = "" if line.page_no is None else str(line.page_no)
        table.add_row(Text(_short(line.uri, source)), page, line.reason, Text(line.message or ""))
    return table


def _short(uri: str, source: str) -> str:
    """What lies below the ingested folder, or in an archive there, by its path; all else as it is."""
    if "://" in source:
        below = source.rstrip("/") + "/"
        return unquote(uri.removeprefix(below)) if uri.startswith(below) else uri
    parts = urlsplit(uri)
    if not source or parts.scheme not in ("file", ""):
        return uri
    path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(uri)
    folder = Path(source) if Path(source).is_dir() else Path(source).parent
    number = f"#{parts.fragment}" if parts.fragment else ""
    return str(path.relative_to(folder)) + number if path.is_relative_to(folder) else uri


def _confidence(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _caption(count: int) -> str | None:
    return next(iter(_more(count)), None)


def _more(count: int) -> list[str]:
    return [f"… and {count - _MOST_ROWS} more"] if count > _MOST_ROWS else []
