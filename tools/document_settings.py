"""Write `docs/settings.md` from the settings themselves: `python -m tools.document_settings`."""

from __future__ import annotations

from pathlib import Path

from textmill.settings import Settings

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "settings.md"

_HEAD = """# Settings

Every knob of the core, as an environment variable of the Airflow processes. `make run` passes on what is
set in your shell when the stack starts: `TEXTMILL_MAX_PIXELS=200000000 make run`.

| variable | default | meaning |
|---|---|---|
"""

_TAIL = """
The local stack itself listens to `TEXTMILL_STATE` (its state folder, default `.textmill`),
`TEXTMILL_UI_PORT` (8080), `TEXTMILL_MARIADB_PORT` (3307) and `TEXTMILL_POSTGRES_PORT` (5433). A port that is
taken is replaced by the next free one, unless you set it yourself.

A stack that is running keeps the settings with which it was started: `make stop`, then `make run` with the
new ones.

What can differ from run to run are parameters of the DAG `media_ingest`, in its trigger form and in the
`conf` of a run: `source`, `reread`, `allow_private`, `dry_run`, `retry_quarantined`, `quarantine_reasons`,
`quarantine_source`, `quarantine_since`, `quarantine_until`, `engine`, `languages`, `dpi`, `text_layer`,
`preprocessing`, `second_opinion`, `animation_frames`, `video_interval_seconds`, `batch_seconds`,
`max_batches`. The form explains each. Those of `media_retention` and `textmill_audit` are in
[upkeep.md](upkeep.md).
What the preprocessing steps do is in [accuracy-preprocessing.md](accuracy-preprocessing.md).
"""


def document() -> str:
    """Return the document's text."""
    rows = [
        f"| `TEXTMILL_{name.upper()}` | `{_shown(field.default)}` | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return _HEAD + "\n".join(rows) + "\n" + _TAIL


def _shown(value: object) -> str:
    return str(value) if value != "" else "(none)"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
