"""From the entries of an archive to its members: which are media, which are unsafe, what each is called."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from textmill.errors import MediumError, UnsafeArchiveMember
from textmill.fetching.archives.budget import Budget
from textmill.staging import name_of

_LONGEST_URI = 15_000
"""The warehouse holds addresses of up to 16,000 characters; refused names are shortened to fit as well."""
_LONGEST_REFUSED_NAME = 100


@dataclass(frozen=True)
class Entry:
    """What an archive says of one of its entries.

    Attributes:
        path: as the archive has it, with slashes.
        size: unpacked, as the archive says.
        odd: what it is if it is neither file nor folder, in words.
        obstacle: makes the error for an entry that cannot be unpacked, given its name.
        chunks: unpacks it, given its name. Raises MediumError when it is damaged, CannotGoOn when what
            follows it cannot be read either.
    """

    path: str
    size: int
    chunks: Callable[[str], Iterator[bytes]]
    is_folder: bool = False
    odd: str | None = None
    obstacle: Callable[[str], MediumError] | None = None


@dataclass(frozen=True)
class Member:
    """A medium in an archive. Take its bytes before asking for the next one.

    Attributes:
        uri: its address, `archive!path`.
        name: what it is called in sentences.
        size: unpacked, as the archive says.
        refusal: why it is not to be unpacked.
    """

    uri: str
    name: str
    size: int
    refusal: MediumError | None
    _unpack: Callable[[str], Iterator[bytes]]

    def chunks(self) -> Iterator[bytes]:
        """Unpack it; see `Entry.chunks`."""
        return self._unpack(self.name)


class Addresses:
    """Gives each member of one archive an address of its own: `archive!path`, percent-encoded.

    Archives may hold several files under one name, of which tools that unpack keep the last. Here the first
    has the plain address, the second one that ends in `#2`, and so on.
    """

    def __init__(self, archive_uri: str) -> None:
        self._archive_uri = archive_uri
        self._given: Counter[bytes] = Counter()

    def of(self, path: str) -> str | None:
        """Return the address of a member; None when it would be too long."""
        uri = f"{self._archive_uri}!{_quoted(path)}"
        return self._numbered(uri) if len(uri) <= _LONGEST_URI else None

    def of_refused(self, path: str) -> str:
        """Return the address of a member that is not unpacked: a long name is cut and told by its hash."""
        quoted = _quoted(path)
        if len(quoted) > _LONGEST_REFUSED_NAME * 3:
            digest = hashlib.sha256(quoted.encode()).hexdigest()[:16]
            quoted = f"{_quoted(path[:_LONGEST_REFUSED_NAME])}%E2%80%A6{digest}"
            # Letters outside of ASCII take up to twelve characters.
            quoted = quoted if len(quoted) <= _LONGEST_REFUSED_NAME * 3 else f"%E2%80%A6{digest}"
        return self._numbered(f"{self._archive_uri}!{quoted}")

    def name_of(self, uri: str) -> str:
        """Return the name of a member with this address, without the query of the URL that it may lie at."""
        # Behind a host without a path, what begins with the exclamation mark is a name too.
        inside = name_of(f"file:///{uri.removeprefix(self._archive_uri)}")
        return name_of(self._archive_uri) + inside

    def _numbered(self, uri: str) -> str:
        key = hashlib.sha256(uri.encode()).digest()  # ten thousand long names would take much memory
        self._given[key] += 1
        return uri if self._given[key] == 1 else f"{uri}#{self._given[key]}"


def members_of(entries: Iterable[Entry], archive_uri: str, budget: Budget) -> Iterator[Member]:
    """Turn entries into members. Folders, hidden files and ground-truth files are passed over, as in folders.

    Raises:
        CannotGoOn: the archive holds too many members, or is damaged.
    """
    addresses = Addresses(archive_uri)
    for entry in entries:
        budget.enter()
        if entry.is_folder:
            continue
        path = _tidied(entry.path)
        complaint = _complaint(entry.path)
        if complaint is None and _is_passed_over(path):
            continue
        complaint = complaint or entry.odd
        uri = addresses.of(path) if complaint is None else None
        if uri is None:
            yield _unsafe(entry, addresses, complaint or "has too long a name")
            continue
        name = addresses.name_of(uri)
        refusal = entry.obstacle(name) if entry.obstacle else None
        yield Member(uri, name, entry.size, refusal, entry.chunks)


def _unsafe(entry: Entry, addresses: Addresses, complaint: str) -> Member:
    uri = addresses.of_refused(entry.path)
    name = addresses.name_of(uri)
    refusal = UnsafeArchiveMember(f"{name} {complaint}. It was left out; unpack the archive yourself.")
    return Member(uri, name, entry.size, refusal, entry.chunks)


def _tidied(path: str) -> str:
    """Return the path without the parts that say nothing (`./a//b` is `a/b`)."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _complaint(path: str) -> str | None:
    """Return in words what is unsafe about a path; None when nothing is."""
    if not _tidied(path):
        return "has no name"
    if "\0" in path or "\\" in path:
        return "has a name with a character that no file name should have"
    if path.startswith("/") or re.match(r"[A-Za-z]:", path):
        return "has a name that leads out of the archive (an absolute path)"
    if ".." in path.split("/"):
        return "has a name that leads out of the archive (..)"
    return None


def _is_passed_over(path: str) -> bool:
    parts = path.split("/")
    return any(part.startswith(".") or part == "__MACOSX" for part in parts) or path.endswith(".gt.txt")


def _quoted(path: str) -> str:
    # Bytes that are no UTF-8 travel as lone surrogates.
    return quote(path, safe="/", errors="surrogateescape")
