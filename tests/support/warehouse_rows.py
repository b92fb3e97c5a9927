"""What two warehouses have in common that read the same media: all but ids, times, and where those lay."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from sqlalchemy import Engine, text

_OF_THIS_WAREHOUSE = {"media_id", "first_seen", "loaded_at", "deleted_at", "source"}
_OF_THIS_RUN = {"milliseconds", "run_id"}

Row = tuple[tuple[str, Any], ...]
Rows = dict[str, list[Row]]


def comparable_rows(engine: Engine, root: str) -> Rows:
    """The rows of `v_document` and `v_page`.

    Args:
        root: folder whose media were read, as that stack saw it; addresses are told from there.
    """
    return {view: _rows(engine, view, root) for view in ("v_document", "v_page")}


def _rows(engine: Engine, view: str, root: str) -> list[Row]:
    left_out = _OF_THIS_WAREHOUSE | _OF_THIS_RUN
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT * FROM {view}")).mappings().all()
    rows = [
        tuple(
            (name, _from_root(value, root) if name == "uri" else value)
            for name, value in row.items()
            if name not in left_out
        )
        for row in found
    ]
    return sorted(rows, key=repr)


def _from_root(uri: str, root: str) -> str:
    path = unquote(uri)
    prefix = f"file://{root.rstrip('/')}/"
    assert path.startswith(prefix), f"{uri} does not lie below {root}"
    return path.removeprefix(prefix)
