"""The tables. Analysts use the views in `include/sql/views`; these may change, the views may not.

Times are UTC. Addresses (URIs) are percent-encoded ASCII and can be longer than an index key may be, so their
uniqueness rests on a hash of them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.mysql import DATETIME, LONGTEXT, MEDIUMTEXT, TINYINT, VARCHAR

_INNODB: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_unicode_ci",
}

SETTLED = ("loaded", "partial", "quarantined")
"""States of a medium that has been through the whole pipeline."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_MOMENT = DATETIME(fsp=6)
_HASH = VARCHAR(64, charset="ascii", collation="ascii_bin")
_ADDRESS = VARCHAR(16_000, charset="ascii", collation="ascii_bin")
_RUN_ID = VARCHAR(250, charset="ascii", collation="ascii_bin")


def _id() -> Column[int]:
    return Column("id", BigInteger, primary_key=True, autoincrement=True)


media = Table(
    "media",
    metadata,
    _id(),
    Column("sha256", _HASH, nullable=False, unique=True),
    Column("bytes", BigInteger, nullable=False),
    Column("mime", String(255), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("page_count", Integer),
    Column("duration_ms", BigInteger),
    Column("status", String(16), nullable=False, comment="claimed, loaded, partial or quarantined"),
    Column("needs_retry", Boolean, nullable=False, comment="a refusal that may not happen again"),
    Column("next_try_at", _MOMENT, comment="before this, what needs a retry waits; null: at once"),
    Column("claimed_run", _RUN_ID),
    Column("claimed_batch", Integer),
    Column("claimed_reading", BigInteger, comment="the reading in parts that has it, instead of a batch"),
    Column("claimed_at", _MOMENT),
    Column("location_id", BigInteger, index=True, comment="the address by which views call it"),
    Column("first_seen", _MOMENT, nullable=False),
    Column("loaded_at", _MOMENT, index=True),
    Index("ix_media_kind_loaded_at", "kind", "loaded_at"),
    **_INNODB,
)

media_location = Table(
    "media_location",
    metadata,
    _id(),
    Column("uri_hash", _HASH, nullable=False, unique=True, comment="SHA-256 of uri"),
    Column("uri", _ADDRESS, nullable=False),
    Column("media_id", BigInteger, ForeignKey("media.id"), index=True),
    Column("archive_id", BigInteger, ForeignKey("media.id"), index=True, comment="the archive it lies in"),
    Column("source", String(2000), nullable=False),
    Column("source_hash", _HASH, nullable=False, comment="SHA-256 of source: source.name_hash"),
    Column("bytes", BigInteger),
    Column("modified_ns", BigInteger),
    Column("etag", String(512)),
    Column("last_modified", String(64), comment="header of a URL's answer"),
    Column("tags", JSON, comment="of the source and of the manifest"),
    Column("refused", Boolean, nullable=False, comment="these bytes were refused for good"),
    Column("failures", Integer, nullable=False, default=0, comment="in a row, before anything was fetched"),
    Column("next_try_at", _MOMENT, comment="before this, what failed here waits; null: at once"),
    Column("change", String(16), nullable=False, comment="new, changed, moved, copied, reappeared, deleted"),
    Column("changed_at", _MOMENT, nullable=False),
    Column("moved_from", BigInteger, comment="the location at which the content was before"),
    Column("deleted_at", _MOMENT, comment="when a complete listing did not name it any more"),
    Column("first_seen", _MOMENT, nullable=False),
    Column("last_seen", _MOMENT, nullable=False, comment="or later: see source.listed_at"),
    Index("ix_media_location_uri", "uri", mysql_length=255, mariadb_length=255),
    Index("ix_media_location_source", "source", mysql_length=191, mariadb_length=191),
    Index("ix_media_location_source_hash_deleted_at", "source_hash", "deleted_at"),
    Index("ix_media_location_changed_at", "changed_at"),
    **_INNODB,
)

source = Table(
    "source",
    metadata,
    _id(),
    Column("name_hash", _HASH, nullable=False, unique=True, comment="SHA-256 of name"),
    Column("name", String(2000), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("location", _ADDRESS, nullable=False),
    Column("connection", String(250), comment="id of the connection by which it is read"),
    Column("listed_at", _MOMENT, comment="start of the last complete listing"),
    Column("media_listed", BigInteger, nullable=False, default=0, comment="in that listing"),
    Column("ingest_run_id", BigInteger, ForeignKey("ingest_run.id", ondelete="SET NULL"), index=True),
    **_INNODB,
)

pace = Table(
    "pace",
    metadata,
    Column("device", String(64), primary_key=True),
    Column("engine", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("pages", Double, nullable=False, comment="weighted: old batches fade"),
    Column("seconds", Double, nullable=False, comment="of one slot, for these pages"),
    Column("bytes", Double, nullable=False, comment="of the media with these pages"),
    Column("measured_at", _MOMENT, nullable=False),
    **_INNODB,
)

reading = Table(
    "reading",
    metadata,
    _id(),
    Column("ingest_run_id", BigInteger, ForeignKey("ingest_run.id", ondelete="CASCADE"), nullable=False),
    Column("uri_hash", _HASH, nullable=False, comment="of the location at which the medium was found"),
    Column("parts", Integer, nullable=False),
    Column("media_id", BigInteger, ForeignKey("media.id"), index=True, comment="once a part was claimed"),
    Column("outcome", String(16), comment="loaded, unchanged, quarantined or opened; null: not all read"),
    Column("pages_loaded", Integer, nullable=False, default=0),
    Column("pages_warned", Integer, nullable=False, default=0, comment="of pages_loaded"),
    Column("pages_quarantined", Integer, nullable=False, default=0),
    Column("confidence_sum", Double, nullable=False, default=0.0, comment="of pages_with_text"),
    Column("pages_with_text", Integer, nullable=False, default=0),
    UniqueConstraint("ingest_run_id", "uri_hash"),
    **_INNODB,
)

reading_part = Table(
    "reading_part",
    metadata,
    Column(
        "reading_id",
        BigInteger,
        ForeignKey("reading.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("batch_no", Integer, nullable=False),
    Column("outcome", String(16), comment="read, opened, unchanged or rejected; null until it is fetched"),
    Column("read_at", _MOMENT, comment="null until the part is read and judged"),
    **_INNODB,
)

ingest_run = Table(
    "ingest_run",
    metadata,
    _id(),
    Column("run_id", _RUN_ID, nullable=False, unique=True),
    Column("source", String(2000), nullable=False),
    Column("params", JSON, nullable=False),
    Column("state", String(16), nullable=False, comment="running, success, failed or dry_run"),
    Column("interval_start", _MOMENT, comment="only media modified from here on; null for all"),
    Column("interval_end", _MOMENT, comment="only media modified before this"),
    Column("started_at", _MOMENT, nullable=False),
    Column("finished_at", _MOMENT),
    Column("media_discovered", Integer, nullable=False, comment="in the source, archives counting as one"),
    Column("media_found", Integer, nullable=False, comment="with the members of archives that were opened"),
    Column("media_unchanged", Integer, nullable=False),
    Column("media_refused", Integer, nullable=False, default=0, comment="already when they were discovered"),
    Column("media_waiting", Integer, nullable=False, default=0, comment="of media_unchanged: failed lately"),
    Column("media_reappeared", Integer, nullable=False, default=0, comment="of media_unchanged"),
    Column("media_deleted", Integer, nullable=False, default=0, comment="locations that are gone"),
    Column("media_loaded", Integer, nullable=False),
    Column("media_quarantined", Integer, nullable=False),
    Column("pages_loaded", Integer, nullable=False),
    Column("pages_warned", Integer, nullable=False, default=0, comment="of pages_loaded"),
    Column("pages_quarantined", Integer, nullable=False),
    Column("batches", Integer, comment="null until the run is planned"),
    Column("estimated_seconds", Double, comment="of one slot, by the plan"),
    Column("problem", Text, comment="what did not get through, in words"),
    Column("confidence", Double),
    **_INNODB,
)

ingest_batch = Table(
    "ingest_batch",
    metadata,
    _id(),
    Column("ingest_run_id", BigInteger, ForeignKey("ingest_run.id", ondelete="CASCADE"), nullable=False),
    Column("batch_no", Integer, nullable=False),
    Column(
        "state",
        String(16),
        nullable=False,
        comment="planned, fetched, reading, read, validated, held or loaded",
    ),
    Column("estimated_seconds", Double, nullable=False),
    Column("media_total", Integer, nullable=False, comment="with media_members"),
    Column("media_members", Integer, nullable=False, default=0, comment="found in archives"),
    Column("media_unchanged", Integer, nullable=False, default=0),
    Column("media_loaded", Integer, nullable=False, default=0),
    Column("media_quarantined", Integer, nullable=False, default=0),
    Column("pages_total", Integer, nullable=False, default=0),
    Column("pages_done", Integer, nullable=False, default=0),
    Column("pages_loaded", Integer, nullable=False, default=0),
    Column("pages_warned", Integer, nullable=False, default=0, comment="of pages_loaded"),
    Column("pages_quarantined", Integer, nullable=False, default=0),
    Column("confidence_sum", Double, nullable=False, default=0.0, comment="of pages_with_text"),
    Column("pages_with_text", Integer, nullable=False, default=0),
    Column("engine", String(64)),
    Column("device", String(64), comment="on which the batch was read"),
    Column("ocr_started_at", _MOMENT),
    Column("ocr_finished_at", _MOMENT),
    Column("loaded_at", _MOMENT),
    Column("problem", Text, comment="why the batch failed, in words"),
    UniqueConstraint("ingest_run_id", "batch_no"),
    **_INNODB,
)

page = Table(
    "page",
    metadata,
    _id(),
    Column("media_id", BigInteger, ForeignKey("media.id"), nullable=False),
    Column("page_no", Integer, nullable=False),
    Column("text", MEDIUMTEXT, nullable=False),
    Column("confidence", Double),
    Column("confidence_low", Double, index=True),
    Column("low_line_share", Double, comment="share of lines below 0.8"),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("dpi", Integer),
    Column("rotation", SmallInteger, nullable=False),
    Column("ink", Double, nullable=False, comment="share of dark pixels"),
    Column("preprocessing", Text, nullable=False, comment="done to the picture before it was read"),
    Column("text_source", String(16), nullable=False, comment="ocr, text_layer or text_file"),
    Column("engine", String(64), nullable=False),
    Column("model", String(255), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("milliseconds", Integer, nullable=False),
    Column("start_ms", BigInteger),
    Column("end_ms", BigInteger),
    Column("ingest_run_id", BigInteger, ForeignKey("ingest_run.id"), nullable=False, index=True),
    Column("batch_no", Integer, nullable=False),
    Column("loaded_at", _MOMENT, nullable=False, index=True),
    Column("quality", String(16), nullable=False, comment="accepted or warning"),
    Column("warnings", String(500), nullable=False, comment="checks that gave a warning, with commas"),
    UniqueConstraint("media_id", "page_no"),
    Index("ix_page_quality_loaded_at", "quality", "loaded_at"),
    Column(
        "cjk",
        MEDIUMTEXT(charset="ascii", collation="ascii_bin"),
        comment="Chinese, Japanese and Korean text in pairs of letters, for search; null: has none",
    ),
    Index("ft_page_text", "text", mysql_prefix="FULLTEXT", mariadb_prefix="FULLTEXT"),
    Index("ft_page_cjk", "cjk", mysql_prefix="FULLTEXT", mariadb_prefix="FULLTEXT"),
    **_INNODB,
)

line = Table(
    "line",
    metadata,
    _id(),
    Column("page_id", BigInteger, ForeignKey("page.id", ondelete="CASCADE"), nullable=False),
    Column("line_no", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("polygon", JSON, nullable=False, comment="[[x, y], …] in pixels, clockwise from the top left"),
    Column("engine", String(64), comment="who read it, where that is not the page's engine"),
    Column("other_engine", String(64), comment="whose reading lost against this one"),
    Column("other_text", Text),
    Column("other_confidence", Double),
    Column("start_ms", BigInteger, comment="in a video, from when on the line was seen"),
    Column("end_ms", BigInteger),
    UniqueConstraint("page_id", "line_no"),
    **_INNODB,
)

document = Table(
    "document",
    metadata,
    Column("media_id", BigInteger, ForeignKey("media.id"), primary_key=True, autoincrement=False),
    Column("text", LONGTEXT, nullable=False, comment="all accepted pages, separated by form feeds"),
    Column("confidence", Double),
    Column("confidence_low", Double),
    Column("low_line_share", Double),
    Column("pages", Integer, nullable=False),
    **_INNODB,
)

quarantine = Table(
    "quarantine",
    metadata,
    _id(),
    Column("entry_key", _HASH, nullable=False, unique=True, comment="SHA-256 of medium (or uri) and page"),
    Column("sha256", _HASH, index=True),
    Column("uri_hash", _HASH, nullable=False, index=True),
    Column("uri", _ADDRESS, nullable=False),
    Column("page_no", Integer),
    Column("stage", String(16), nullable=False),
    Column("reason", String(64), nullable=False, index=True),
    Column("message", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("permanent", Boolean, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("status", String(16), nullable=False, comment="open, resolved, gone or ignored"),
    Column("next_try_at", _MOMENT, comment="when it is tried again by itself; null: at once, or never"),
    Column("first_seen", _MOMENT, nullable=False),
    Column("last_seen", _MOMENT, nullable=False),
    Column("ingest_run_id", BigInteger, ForeignKey("ingest_run.id"), nullable=False, index=True),
    Column("batch_no", Integer, nullable=False, comment="-1: refused before there were batches"),
    Column("closed_at", _MOMENT, comment="when it was resolved, ignored or gone"),
    Column("note", Text, comment="what somebody wrote last about it"),
    Column("text_read", Text, comment="the beginning of what was read on a refused page"),
    Column("confidence", Double, comment="of the text that was read"),
    **_INNODB,
)

quarantine_event = Table(
    "quarantine_event",
    metadata,
    _id(),
    Column(
        "quarantine_id",
        BigInteger,
        ForeignKey("quarantine.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("happened_at", _MOMENT, nullable=False),
    Column(
        "event",
        String(16),
        nullable=False,
        comment="opened, refused_again, resolved, gone, ignored or reopened",
    ),
    Column("reason", String(64), nullable=False),
    Column("message", Text, nullable=False),
    Column(
        "ingest_run_id",
        BigInteger,
        ForeignKey("ingest_run.id", ondelete="SET NULL"),
        index=True,
        comment="the run that did it; null: somebody",
    ),
    Column("note", Text, comment="what somebody wrote about it"),
    **_INNODB,
)

quality_result = Table(
    "quality_result",
    metadata,
    _id(),
    Column("ingest_run_id", BigInteger, ForeignKey("ingest_run.id", ondelete="CASCADE"), nullable=False),
    Column("batch_no", Integer, nullable=False),
    Column("check_name", String(64), nullable=False, comment="what the expectation looks for"),
    Column(
        "severity",
        String(16),
        nullable=False,
        comment="warning or critical: what becomes of a page that fails it",
    ),
    Column("expectation", String(128), nullable=False),
    Column("column_name", String(128), nullable=False),
    Column("observed", Text, nullable=False),
    Column("element_count", Integer, nullable=False, comment="pages that were looked at"),
    Column("unexpected_count", Integer, nullable=False),
    Column("success", Boolean, nullable=False),
    Column("measured_at", _MOMENT, nullable=False),
    UniqueConstraint("ingest_run_id", "batch_no", "check_name", "severity"),
    **_INNODB,
)

example_keyword_daily = Table(
    "example_keyword_daily",
    metadata,
    Column("day", Date, primary_key=True),
    Column("keyword", VARCHAR(64, collation="utf8mb4_bin"), primary_key=True),
    Column("documents", Integer, nullable=False, comment="loaded on that day that have the word"),
    Column("occurrences", Integer, nullable=False),
    **_INNODB,
)

word = Table(
    "word",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("word", VARCHAR(40, collation="utf8mb4_bin"), nullable=False, unique=True, comment="folded"),
    Column(
        "shape",
        VARCHAR(40, collation="utf8mb4_bin"),
        nullable=False,
        index=True,
        comment="the word with letters that look alike made the same",
    ),
    Column("pages", Integer, nullable=False, comment="about how many pages have it; an estimate"),
    **_INNODB,
)

# Without a foreign key, which would need a second index of this size: no word is ever deleted.
word_gram = Table(
    "word_gram",
    metadata,
    Column("gram", VARCHAR(2, collation="utf8mb4_bin"), primary_key=True),
    Column("place", TINYINT, primary_key=True, autoincrement=False),
    Column("length", TINYINT, primary_key=True, autoincrement=False),
    Column("word_id", Integer, primary_key=True, autoincrement=False),
    **_INNODB,
)

word_backlog = Table(
    "word_backlog",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("done_page_id", BigInteger, nullable=False),
    Column("last_page_id", BigInteger, nullable=False),
    **_INNODB,
)

audit = Table(
    "audit",
    metadata,
    _id(),
    Column("started_at", _MOMENT, nullable=False),
    Column("finished_at", _MOMENT, comment="null while it goes on, or when it was killed"),
    Column("rules", Integer, comment="how many were looked at; null: not finished"),
    Column("findings", Integer, comment="how many disagreements there were; null: not finished"),
    **_INNODB,
)

audit_finding = Table(
    "audit_finding",
    metadata,
    _id(),
    Column("audit_id", BigInteger, ForeignKey("audit.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("rule", String(64), nullable=False, comment="what does not hold"),
    Column("subject", String(500), nullable=False, comment="the row or file at which it does not"),
    Column("message", Text, nullable=False, comment="what disagrees"),
    Column("remedy", Text, nullable=False, comment="what to do about it"),
    Column("of_rule", Integer, nullable=False, comment="findings of this rule, of which the first are kept"),
    **_INNODB,
)
