"""How long each kind of thing is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from textmill.settings import Settings


@dataclass(frozen=True)
class Periods:
    """Days for which things are kept; 0 is for ever.

    Attributes:
        staging: files of a run, since it ended and since one of them was written.
        content: a fetched copy, since it was fetched.
        run: the books of a run that nothing refers to, since it ended.
        quarantine: an entry, since it was closed.
        data_docs: the reports of a run, since it ended.
        audit: findings, since the audit began.
        torn: half a file, since something was written to it.
    """

    staging: int
    content: int
    run: int
    quarantine: int
    data_docs: int
    audit: int
    torn: int

    @classmethod
    def of(cls, settings: Settings) -> Periods:
        """Return what the settings say."""
        return cls(
            staging=settings.retention_days,
            content=settings.retention_content_days,
            run=settings.retention_run_days,
            quarantine=settings.retention_quarantine_days,
            data_docs=settings.retention_data_docs_days,
            audit=settings.retention_audit_days,
            torn=settings.retention_torn_days,
        )

    @classmethod
    def wished(cls, params: Mapping[str, Any]) -> Periods:
        """Return what the params of a run say, `staging_days` and so on; none is for ever."""
        return cls(**{one.name: params[f"{one.name}_days"] or 0 for one in fields(cls)})
