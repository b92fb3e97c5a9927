"""Puts the reports of the quality gate where people look at them: a folder, or an object store.

Batches of a run publish beside each other, and any of them may be killed at any moment. Each page is put in
place as a whole. The page of the run is made from the figures that each batch has left in the staging area,
under a lock of the run that holds on all machines, so that the one that is written last has all batches.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from textmill.access import Connections
from textmill.object_uris import ObjectUri
from textmill.quality import data_docs_site
from textmill.quality.reports import run_report
from textmill.records import BatchQuality
from textmill.settings import Settings
from textmill.staging import BatchArea, RunArea, Staging, address_of, path_of, write_text

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

Put = Callable[[PurePosixPath, str], None]
"""Writes a page at a path below the place of all sites; replaces it as a whole."""


def publish(
    page: str,
    quality: BatchQuality,
    *,
    staging: Staging,
    run_id: str,
    settings: Settings,
    connections: Connections,
    lock: AbstractContextManager[None],
) -> str:
    """Publish the page of a batch and bring that of its run up to date; returns the address of the former.

    Args:
        lock: of the run.

    Raises:
        SourceError: the object store cannot be opened.
        OSError, or what the library of the object store raises: it cannot be written to.
    """
    run = staging.run(run_id)
    area = run.batch(quality.batch_no)
    place = data_docs_site.location(settings)
    put = _putter(place, settings, connections)
    path = data_docs_site.batch_page(run_id, quality.batch_no)
    put(path, page)
    write_text(area.quality, quality.model_dump_json())
    staging.send_figures(area)
    with lock:
        staging.bring_figures(run)
        put(data_docs_site.run_page(run_id), run_report(_batches(run), run_id=run_id))
    return f"{address_of(place).rstrip('/')}/{path}"


def _batches(run: RunArea) -> Iterator[BatchQuality]:
    for folder in sorted(run.batches.iterdir()):
        figures = BatchArea(folder).quality
        if figures.exists():
            yield BatchQuality.model_validate_json(figures.read_text(encoding="utf-8"))


def _putter(place: str, settings: Settings, connections: Connections) -> Put:
    if urlsplit(place).scheme in ("", "file"):
        root = path_of(address_of(place))
        return lambda path, page: write_text(root / path, page)
    filesystem = connections.filesystem(place, data_docs_site.connection(settings))
    root_path = ObjectUri.parse(place).path.rstrip("/")
    return lambda path, page: _put_object(filesystem, f"{root_path}/{path}", page)


def _put_object(filesystem: AbstractFileSystem, path: str, page: str) -> None:
    # From a file with this suffix the libraries tell stores the type by which browsers show it.
    with tempfile.NamedTemporaryFile("w", suffix=".html", encoding="utf-8") as file:
        file.write(page)
        file.flush()
        filesystem.put_file(file.name, path)
