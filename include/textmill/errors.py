"""One tree of errors. Each carries the reason code that quarantine shows and analysts can group by."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class Reason(StrEnum):
    """Why something could not be accepted. Codes are stable: they are stored in the warehouse."""

    MALFORMED_LINE = "malformed_line"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    UNREACHABLE = "unreachable"
    HTTP_REFUSED = "http_refused"
    HTTP_FAILED = "http_failed"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    TRANSFER_BROKEN = "transfer_broken"
    CHECKSUM_MISMATCH = "checksum_mismatch"
    EMPTY_FILE = "empty_file"
    FILE_UNREADABLE = "file_unreadable"
    FILE_VANISHED = "file_vanished"
    FILE_CHANGED = "file_changed"
    TOO_MANY_BYTES = "too_many_bytes"
    UNRECOGNISED_CONTENT = "unrecognised_content"
    UNSUPPORTED_FORMAT = "unsupported_format"
    DAMAGED_IMAGE = "damaged_image"
    TOO_MANY_PIXELS = "too_many_pixels"
    DAMAGED_PDF = "damaged_pdf"
    PASSWORD_PROTECTED = "password_protected"  # noqa: S105  # a reason code, no password
    TOO_MANY_PAGES = "too_many_pages"
    DAMAGED_VIDEO = "damaged_video"
    VIDEO_TOO_LONG = "video_too_long"
    DAMAGED_TEXT = "damaged_text"
    DAMAGED_ARCHIVE = "damaged_archive"
    ARCHIVE_TOO_LARGE = "archive_too_large"
    UNSAFE_ARCHIVE_MEMBER = "unsafe_archive_member"
    PAGE_TIMEOUT = "page_timeout"
    PAGE_CRASHED_READER = "page_crashed_reader"
    ENGINE_FAILED = "engine_failed"
    NO_TEXT = "no_text"
    LOW_CONFIDENCE = "low_confidence"
    SYMBOL_SOUP = "symbol_soup"
    IMPROBABLE_TEXT = "improbable_text"
    TURNED_PAGE = "turned_page"
    WRONG_SCRIPT = "wrong_script"
    TEXT_OFF_PAGE = "text_off_page"
    TEXT_CUT_OFF = "text_cut_off"
    MISSING_PAGES = "missing_pages"
    REPEATED_TEXT = "repeated_text"
    MOJIBAKE = "mojibake"
    OUT_OF_RANGE = "out_of_range"
    DUPLICATE_PAGE = "duplicate_page"
    EXPECTATION_FAILED = "expectation_failed"


class TextmillError(Exception):
    """Base of all errors that Textmill raises on purpose. The message is a sentence for a person."""


class MediumError(TextmillError):
    """Something is wrong with one medium or one of its pages; the rest of the batch goes on.

    `permanent` tells whether the same bytes would fail again: then an unchanged file is not tried anew
    every night. `page_no` (from 1) is set where one page is at fault, `detail` holds what a maintainer
    needs and an analyst does not (the message of the library that refused).
    """

    reason: ClassVar[Reason]
    permanent: ClassVar[bool] = True

    def __init__(self, message: str, *, page_no: int | None = None, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.page_no = page_no
        self.detail = detail


class MalformedLine(MediumError):
    """A line of a manifest does not say what it should."""

    reason = Reason.MALFORMED_LINE


class AddressNotAllowed(MediumError):
    """A URL leads to an address, or is of a scheme, that its source does not allow."""

    reason = Reason.ADDRESS_NOT_ALLOWED
    # Names are given other addresses, and sources other rights.
    permanent = False


class Unreachable(MediumError):
    """The host of a URL cannot be found, connected to, or trusted."""

    reason = Reason.UNREACHABLE
    permanent = False


class HttpRefused(MediumError):
    """The server answers that it will not give this (404, 403 and the like)."""

    reason = Reason.HTTP_REFUSED
    permanent = False


class HttpFailed(MediumError):
    """The server answers that it cannot give this now (429, 503 and the like), however often it is asked."""

    reason = Reason.HTTP_FAILED
    permanent = False


class TooManyRedirects(MediumError):
    """A URL leads from address to address without an end."""

    reason = Reason.TOO_MANY_REDIRECTS
    permanent = False


class TransferBroken(MediumError):
    """The content of a URL or object does not arrive to its end, or not in time."""

    reason = Reason.TRANSFER_BROKEN
    permanent = False


class ChecksumMismatch(MediumError):
    """The content is not what the manifest says."""

    reason = Reason.CHECKSUM_MISMATCH
    permanent = False


class EmptyFile(MediumError):
    """The file has no bytes."""

    reason = Reason.EMPTY_FILE


class FileUnreadable(MediumError):
    """The operating system refuses to open or read the file."""

    reason = Reason.FILE_UNREADABLE
    permanent = False


class FileVanished(MediumError):
    """The file was there when the folder was listed and is gone now."""

    reason = Reason.FILE_VANISHED
    permanent = False


class FileChanged(MediumError):
    """The file changed while it was being copied."""

    reason = Reason.FILE_CHANGED
    permanent = False


class TooManyBytes(MediumError):
    """The file is larger than the setting allows."""

    reason = Reason.TOO_MANY_BYTES


class UnrecognisedContent(MediumError):
    """The content is of no known format, whatever the name says."""

    reason = Reason.UNRECOGNISED_CONTENT


class UnsupportedFormat(MediumError):
    """The format is known but not read yet."""

    reason = Reason.UNSUPPORTED_FORMAT


class DamagedImage(MediumError):
    """The image cannot be decoded to its end."""

    reason = Reason.DAMAGED_IMAGE


class TooManyPixels(MediumError):
    """The image has more pixels than the setting allows."""

    reason = Reason.TOO_MANY_PIXELS


class DamagedPdf(MediumError):
    """The PDF, or a page of it, cannot be opened or drawn."""

    reason = Reason.DAMAGED_PDF


class PasswordProtected(MediumError):
    """The document cannot be opened without a password."""

    reason = Reason.PASSWORD_PROTECTED


class TooManyPages(MediumError):
    """The medium has more pages than the setting allows."""

    reason = Reason.TOO_MANY_PAGES


class DamagedVideo(MediumError):
    """The video cannot be decoded."""

    reason = Reason.DAMAGED_VIDEO


class VideoTooLong(MediumError):
    """The video lasts longer than the setting allows."""

    reason = Reason.VIDEO_TOO_LONG


class DamagedText(MediumError):
    """The text file holds something else, or is in no encoding that makes sense of it."""

    reason = Reason.DAMAGED_TEXT


class DamagedArchive(MediumError):
    """The archive, or a member of it, cannot be unpacked."""

    reason = Reason.DAMAGED_ARCHIVE


class ArchiveTooLarge(MediumError):
    """The archive holds more members, bytes or archives within archives than the settings allow."""

    reason = Reason.ARCHIVE_TOO_LARGE


class UnsafeArchiveMember(MediumError):
    """The member's name leads out of the archive, or it is no plain file."""

    reason = Reason.UNSAFE_ARCHIVE_MEMBER


class PageTimeout(MediumError):
    """Drawing or reading the page took longer than the setting allows."""

    reason = Reason.PAGE_TIMEOUT


class PageCrashedReader(MediumError):
    """The page took the OCR process down more often than the setting allows."""

    reason = Reason.PAGE_CRASHED_READER
    # The page may not be to blame: machines are restarted, and memory is eaten by neighbours.
    permanent = False


class EngineFailed(MediumError):
    """The OCR engine raised an error on this page."""

    reason = Reason.ENGINE_FAILED
    permanent = False


class SourceError(TextmillError):
    """A source cannot be opened at all: the run fails, since nothing can be said about its media."""


class StagingError(TextmillError):
    """A file between two stages is missing, of another schema version, or not what it should be."""


class StoreUnavailable(TextmillError):
    """An object store did not do what it was asked for; a retry may succeed."""


class LockNotGiven(TextmillError):
    """Another task held a lock for longer than anybody should; a retry may get it."""


class PacketTooSmall(TextmillError):
    """The database does not take a text as long as this one."""


class SettingsError(TextmillError):
    """A setting, or the file that it names, cannot be used."""


class ModelsMissing(TextmillError):
    """The OCR models are not where the settings say."""


class CannotRead(TextmillError):
    """The OCR runtime cannot do what it was asked to: another attempt would end alike."""


class TooManyQuarantined(TextmillError):
    """The quality gate quarantined so much of a batch that the batch as a whole is unfit."""


class ExportError(TextmillError):
    """Something cannot be exported, or not to where it was asked for."""


class BatchFailed(TextmillError):
    """At least one batch of the run did not get through."""


class Disagreement(TextmillError):
    """An audit found that staging area, checkpoints and warehouse do not agree."""
