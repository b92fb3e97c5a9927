"""The typed records that stages hand to each other through files in the staging area.

Frozen pydantic models: a line of JSON is one record, and a record that does not fit is refused with the
name of the field. Distances are in pixels of the page as it was read; times are in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from textmill.errors import MediumError, Reason

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Confidence = Annotated[float, Field(ge=0, le=1)]
Point = tuple[float, float]


class Kind(StrEnum):
    """What a medium is, in the words of the warehouse."""

    IMAGE = "image"
    PDF = "pdf"
    VIDEO = "video"
    TEXT = "text"
    ARCHIVE = "archive"
    OTHER = "other"


class Stage(StrEnum):
    """The stage at which something was refused."""

    DISCOVER = "discover"
    FETCH = "fetch"
    OCR = "ocr"
    VALIDATE = "validate"


class Record(BaseModel):
    """Base of all staged records."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceKind(StrEnum):
    """What a source is: a tree of files or objects, a list of URLs, or one URL."""

    FOLDER = "folder"
    MANIFEST = "manifest"
    URL = "url"


class SourceSpec(Record):
    """A source as a run uses it: out of the catalogue, or an address that somebody typed. Holds no secret.

    Attributes:
        name: from the catalogue; of an address that was typed, the address itself.
        location: `file:`, `s3:`, `gs:`, `abfs:`, `http:` or `https:` URI.
        connection: id of the Airflow connection that has the credentials, proxy and headers.
        include, exclude: globs over the path below the location; nothing to include means everything.
        languages, engine: instead of the run's; empty and None leave it to the run.
        stable_seconds, max_file_bytes: instead of the settings of these names.
        most_media: media of this source that one run takes; the rest waits for the next run.
        requests_per_host: requests at once to one host.
        allow_private: URLs may lead to private, loopback and link-local addresses.
    """

    name: str
    kind: SourceKind
    location: str
    connection: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    engine: str | None = None
    tags: tuple[str, ...] = ()
    stable_seconds: float | None = None
    max_file_bytes: int | None = None
    most_media: int | None = None
    requests_per_host: int | None = None
    allow_private: bool = False


class MediaRef(Record):
    """A location at which a source says that a medium is, before it was opened.

    Attributes:
        source: name of the source, see `SourceSpec`.
        bytes: None where only opening it tells (a URL).
        modified_ns: when it was modified, in nanoseconds since 1970; of a URL, the date in the manifest.
        etag: of an object, as it is listed; of a URL, as it was when its content was last settled.
        last_modified: of a URL, the header as it was when its content was last settled.
        sha256: what the content must be, where the manifest says so.
        filename: what to call it, where the manifest says so.
        languages: instead of the source's.
        tags: besides the source's.
        pages: how many it had when it was last read.
    """

    uri: str
    source: str
    bytes: int | None = None
    modified_ns: int | None = None
    etag: str | None = None
    last_modified: str | None = None
    sha256: Sha256 | None = None
    filename: str | None = None
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    pages: int | None = None


class SourceProblem(Record):
    """A source that could not be opened while others of its run were: the run fails once these are done."""

    source: str
    message: str


class ReadingProfile(Record):
    """In what a batch departs from the wishes of its run; None and empty leave it to the run."""

    engine: str | None = None
    languages: tuple[str, ...] = ()

    @classmethod
    def of(cls, ref: MediaRef, source: SourceSpec | None) -> ReadingProfile:
        """Return how a medium of a source is read; what its manifest says of languages comes first."""
        return cls(
            engine=source.engine if source else None,
            languages=ref.languages or (source.languages if source else ()),
        )


class BatchItem(Record):
    """A reference with its number in the batch (from 0) and what the planner expects of it.

    Attributes:
        part, parts: long media are read in parts, each in a batch of its own: of n pages, part p (from 0) of
            k has those from n·p // k + 1 to n·(p + 1) // k; a video is divided alike, by time. What is
            estimated is this part's.
    """

    item_no: int
    ref: MediaRef
    estimated_pages: int
    estimated_seconds: float
    part: int = 0
    parts: int = 1

    def share_of(self, whole: int) -> range:
        """Return what of `whole` pages or milliseconds, counted from 0, is in this part."""
        return range(whole * self.part // self.parts, whole * (self.part + 1) // self.parts)


class PlanEstimate(Record):
    """What a run is expected to cost.

    Attributes:
        batches: how many there are, or would be (a dry run).
        seconds: of one slot, for the pages.
        wall_seconds: from the first batch's reading to the last one's, with so many slots.
        devices: on which the pace was measured; none while it is only assumed.
    """

    media: int
    pages: int
    batches: int
    seconds: float
    wall_seconds: float
    slots: int
    devices: tuple[str, ...] = ()


_MOST_MESSAGE = 2000
_MOST_DETAIL = 4000
"""Characters kept: what a library prints about a hostile file can be megabytes."""

MOST_TEXT_READ = 4000
"""Characters kept of a page that the quality gate refused: a full page of a book has some 3,000."""


class Rejection(Record):
    """A medium, or one page of it, that could not be accepted, and why.

    Attributes:
        text_read: the beginning of what was read on a page all the same; None when it was not read.
        confidence: of that.
    """

    uri: str
    sha256: Sha256 | None
    page_no: int | None
    stage: Stage
    reason: Reason
    message: str
    detail: str = ""
    permanent: bool
    text_read: Annotated[str, Field(max_length=MOST_TEXT_READ)] | None = None
    confidence: float | None = None

    @classmethod
    def of(
        cls, error: MediumError, *, uri: str, sha256: str | None, stage: Stage, page_no: int | None = None
    ) -> Rejection:
        """Turn an error into the record that goes to quarantine."""
        return cls(
            uri=uri,
            sha256=sha256,
            page_no=error.page_no if error.page_no is not None else page_no,
            stage=stage,
            reason=error.reason,
            message=error.message[:_MOST_MESSAGE],
            detail=error.detail[:_MOST_DETAIL],
            permanent=error.permanent,
        )


class Content(Record):
    """The bytes of a medium: their identity, what they are, and the copy in the content store.

    Attributes:
        path: of the copy, relative to the staging area; see `textmill.staging.BatchArea.copy_of`.
    """

    sha256: Sha256
    bytes: int
    mime: str
    kind: Kind
    path: str


class FetchOutcome(StrEnum):
    """What fetching decided about an item. `OPENED` is an archive, whose members are items of their own."""

    READ = "read"
    OPENED = "opened"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


class FetchedItem(Record):
    """A batch item after fetching.

    Attributes:
        content: absent when the item was refused before it was known for what it is.
        rejection: why the item was refused; of an opened archive, why it could not be opened to its end.
        archive: the archive in which the item lay, by its content.
    """

    item: BatchItem
    outcome: FetchOutcome
    content: Content | None = None
    rejection: Rejection | None = None
    archive: Sha256 | None = None


class TextLayerUse(StrEnum):
    """When the text that a PDF carries is taken instead of reading the picture of its pages."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class AnimationFrames(StrEnum):
    """Which frames of an animated picture are pages."""

    FIRST = "first"
    ALL = "all"


class OcrRequest(Record):
    """What the OCR runtime is asked to do with a batch. Holds no secret: it lies in the staging area.

    Attributes:
        engine: `auto`, the name of an engine, or `package.module:factory`.
        languages: ISO 639-1 codes, the most likely first.
        dpi: resolution at which PDF pages are drawn.
        preprocessing: `auto`, `none`, or the names of steps separated by commas.
        second_opinion: `auto`, `off`, or the name of the engine that is asked about doubtful lines.
        video_interval_seconds: time between two frames of a video that are looked at.
    """

    engine: str
    languages: tuple[str, ...]
    dpi: int
    preprocessing: str = "auto"
    second_opinion: str = "auto"
    text_layer: TextLayerUse = TextLayerUse.AUTO
    animation_frames: AnimationFrames = AnimationFrames.FIRST
    video_interval_seconds: Annotated[float, Field(gt=0)] = 1.0


class ReaderFingerprints(Record):
    """The fingerprints that pages would get if they were read now.

    Attributes:
        picture: of pages that are read by OCR; `video` of those that are seen in videos.
        text_layer: of pages whose own text is taken.
        text_rules: what the fingerprint of a page of a text file has besides its reader and its model.
        text_libraries: for each reader of text files, the library that its model names behind the encoding.
    """

    picture: str
    video: str
    text_layer: str
    text_rules: dict[str, str | int]
    text_libraries: dict[str, str]


FingerprintsOf = Callable[[ReadingProfile], ReaderFingerprints]
"""Asks the OCR runtime, which takes seconds; the answer for a profile is kept."""


class OtherReading(Record):
    """What another engine, or the same at another scale, read in a line, and was not kept."""

    engine: str
    text: str
    confidence: Confidence


class LineRecord(Record):
    """One line of text with its confidence and its outline, clockwise from the top left corner.

    Attributes:
        confidence: calibrated: of lines given 0.9, about nine in ten are right.
        engine: who read the line where that is not the page's engine.
        other: the reading that lost against this one.
        start_ms, end_ms: in a video, from when to when the line was seen.
    """

    line_no: int
    text: str
    confidence: Confidence
    polygon: tuple[Point, ...]
    engine: str | None = None
    other: OtherReading | None = None
    start_ms: int | None = None
    end_ms: int | None = None


class PageRecord(Record):
    """One page that was read.

    Attributes:
        confidence, confidence_low, low_line_share: see `textmill.confidence`.
        width, height: of the page as it stands upright; lines are outlined in these pixels.
        rotation: degrees clockwise by which the stored picture was turned to stand upright.
        ink: share of pixels darker than their surroundings.
        preprocessing: what was done to the picture before it was read, in words; empty for nothing.
        warnings: checks of the quality gate that gave a warning; not in the staged table of pages, since
            they are known only when the page is loaded.
    """

    sha256: Sha256
    page_no: int
    text: str
    confidence: Confidence | None
    confidence_low: Confidence | None
    low_line_share: Confidence | None = None
    width: int
    height: int
    dpi: int | None
    rotation: int
    ink: float
    preprocessing: str = ""
    text_source: Literal["ocr", "text_layer", "text_file"]
    engine: str
    model: str
    fingerprint: str
    milliseconds: int
    start_ms: int | None = None
    end_ms: int | None = None
    lines: tuple[LineRecord, ...]
    warnings: tuple[str, ...] = ()


# --- the checkpoint of a batch: one line per event, in the order in which things happened ---------------


class MediumOpened(Record):
    """A medium was opened.

    Attributes:
        page_count: pages that are read here, None where that is known at the end only: then the event that
            closes the medium has it.
        whole_page_count: pages of the whole medium, where only a part of it is read here.
    """

    type: Literal["opened"] = "opened"
    sha256: Sha256
    page_count: int | None
    whole_page_count: int | None = None
    duration_ms: int | None = None


class PageStarted(Record):
    """Work on a page began; page 0 stands for opening the medium.

    Without what should follow (a page, a refusal, the medium opened, or that it was left), the process died
    on it.
    """

    type: Literal["started"] = "started"
    sha256: Sha256
    page_no: int


class FrameStarted(Record):
    """Reading a frame of a video began, for a page that is not finished.

    When the process dies before it is read or refused, the frame is to blame and not the whole page.
    """

    type: Literal["frame_started"] = "frame_started"
    sha256: Sha256
    page_no: int
    at_ms: int


class FrameRead(Record):
    """A frame is read; its text comes with the page."""

    type: Literal["frame_read"] = "frame_read"
    sha256: Sha256
    at_ms: int


class PageRead(Record):
    """A page is finished."""

    type: Literal["page"] = "page"
    page: PageRecord


class PageLeft(Record):
    """Work on a page that had begun was given up by order; that it is not finished is not its fault."""

    type: Literal["left"] = "left"
    sha256: Sha256
    page_no: int


class Rejected(Record):
    """A medium (page_no is None) or a page was refused."""

    type: Literal["rejected"] = "rejected"
    rejection: Rejection


class MediumDone(Record):
    """All pages of a medium are finished, one way or the other.

    `page_count` and `duration_ms` are given where only reading to the end told them.
    """

    type: Literal["done"] = "done"
    sha256: Sha256
    page_count: int | None = None
    duration_ms: int | None = None


CheckpointEvent = Annotated[
    MediumOpened | PageStarted | FrameStarted | FrameRead | PageLeft | PageRead | Rejected | MediumDone,
    Field(discriminator="type"),
]


class CheckpointHeader(Record):
    """First line of a checkpoint: pages read with other settings are not continued."""

    schema_version: Literal[1] = 1
    fingerprint: str


# --- verdicts --------------------------------------------------------------------------------------------


class Outcome(StrEnum):
    """What becomes of a page: loaded, loaded and flagged, or set apart."""

    ACCEPTED = "accepted"
    WARNING = "warning"
    QUARANTINED = "quarantined"


class PageVerdict(Record):
    """What the quality gate says of one page.

    Attributes:
        checks: names of those that failed (`textmill.quality.checks`), the most serious first.
        message: a half-sentence for the checks that failed, empty for none.
    """

    sha256: Sha256
    page_no: int
    outcome: Outcome
    checks: tuple[str, ...] = ()
    message: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the page is loaded."""
        return self.outcome is not Outcome.QUARANTINED


class ExpectationResult(Record):
    """How one expectation fared over a whole batch.

    Attributes:
        check: what it looks for, see `textmill.quality.checks`.
        severity: what becomes of a page that fails it.
        element_count: pages that were looked at.
        unexpected_count: of these, the ones that failed.
    """

    check: str
    severity: Literal["warning", "critical"]
    expectation: str
    column: str
    observed: str
    element_count: int
    unexpected_count: int
    success: bool


class BatchQuality(Record):
    """How a batch fared at the quality gate, in figures.

    Attributes:
        pages: that were judged; `warned` and `quarantined`: of these.
        checks: how many pages failed each check, by name, the most frequent first.
        problem: why the batch as a whole is unfit, as a half-sentence; None if it is not.
        judged_at: the time in UTC, for people.
    """

    batch_no: int
    pages: int
    warned: int
    quarantined: int
    checks: dict[str, int]
    problem: str | None = None
    judged_at: str

    @property
    def accepted(self) -> int:
        """Pages without a complaint."""
        return self.pages - self.warned - self.quarantined
