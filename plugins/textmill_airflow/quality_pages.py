"""The reports of the quality gate in Airflow's web server: `/textmill/quality/…`.

Whoever may see the runs of `media_ingest` may see them. They are static pages, and served in a sandbox: what
is in one, even if it came from the name of a hostile file, runs nothing and has none of Airflow's cookies.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from textmill.errors import SourceError, StoreUnavailable
from textmill.object_folder import ObjectFolder
from textmill.quality.data_docs_site import connection, location
from textmill.staging import address_of, path_of
from textmill_airflow.connections import AirflowConnections
from textmill_airflow.context import settings

if TYPE_CHECKING:
    from fastapi import FastAPI

PREFIX = "/textmill/quality"

_DAG = "media_ingest"
_HEADERS = {
    "Content-Security-Policy": "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_NOTHING = (
    "There is no such report. Its batch has not been checked yet, it had no pages, or the report was removed "
    "because of its age."
)


class QualityPages:
    """The web application; it is built when it is first asked for.

    Every process of Airflow loads the plugin, and only the web server should pay for importing FastAPI.
    """

    def __init__(self) -> None:
        self._app: FastAPI | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request (ASGI)."""
        if self._app is None:
            self._app = build()
        await self._app(scope, receive, send)


def build() -> FastAPI:
    """Return the application."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import requires_access_dag
    from fastapi import Depends, FastAPI

    app = FastAPI(title="Textmill: reports of the quality gate", docs_url=None, openapi_url=None)
    may_read = Depends(requires_access_dag("GET", DagAccessEntity.RUN, param_dag_id=_DAG))
    app.get("/{path:path}", dependencies=[may_read])(_answer)
    return app


def _answer(path: str) -> Any:
    from fastapi import HTTPException
    from fastapi.responses import HTMLResponse

    try:
        page = read_page(path)
    except (SourceError, StoreUnavailable) as error:
        raise HTTPException(503, str(error)) from None
    if page is None:
        raise HTTPException(404, _NOTHING)
    return HTMLResponse(page, headers=_HEADERS)


def read_page(path: str) -> bytes | None:
    """Return a report by its path below the place of all reports; None if there is none.

    Raises:
        SourceError, StoreUnavailable: the object store in which they lie cannot be opened, or read.
    """
    normal = posixpath.normpath(path)
    if normal != path or normal.startswith(("/", "..")) or "\0" in path or not path.endswith(".html"):
        return None
    place = location(settings())
    if urlsplit(place).scheme in ("", "file"):
        folder = path_of(address_of(place)).resolve()
        file = (folder / path).resolve()
        return file.read_bytes() if file.is_relative_to(folder) and file.is_file() else None
    filesystem = AirflowConnections().filesystem(place, connection(settings()))
    return ObjectFolder(filesystem, place).read(path)
