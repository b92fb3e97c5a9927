"""Which sources a run ingests: some of the catalogue, or an address that somebody typed."""

from __future__ import annotations

import re
from pathlib import Path

from textmill.errors import SourceError
from textmill.records import SourceKind, SourceSpec
from textmill.settings import Settings
from textmill.sources.addresses import Address, read_address
from textmill.sources.catalogue import load_catalogue
from textmill.sources.catalogue_fields import NAME_PATTERN
from textmill.sources.folder import open_folder
from textmill.sources.manifest import HEAD_BYTES, looks_like_manifest
from textmill.sources.urls import AddressError, shown

_LONGEST_ADDRESS = 2000
"""Characters of a source's name, which its address is, in the warehouse."""


def choose_sources(
    wish: str, settings: Settings, *, schedule: str, allow_private: bool = False
) -> list[SourceSpec]:
    """Return the sources that `wish` stands for.

    Args:
        wish: the name of a source in the catalogue, or an address (folder, manifest, URL); empty for all
            enabled sources of the schedule, or for the default source where there is no catalogue.
        schedule: the group of sources that an empty wish stands for.
        allow_private: whether URLs of an address that somebody typed may lead to private addresses.

    Raises:
        SourceError: there is no such source, or the catalogue cannot be read.
    """
    wish = wish.strip()
    if wish:
        return [_named(wish, settings.sources_file) or _at(wish, allow_private=allow_private)]
    if settings.sources_file.exists():
        return load_catalogue(settings.sources_file).of_schedule(schedule)
    return [_at(settings.default_source, allow_private=allow_private)]


def _named(wish: str, file: Path) -> SourceSpec | None:
    """Return the source of a name; None for what is an address, whatever state the catalogue is in."""
    if not re.match(NAME_PATTERN, wish):
        return None
    catalogue = load_catalogue(file) if file.exists() else None
    source = catalogue.find(wish) if catalogue else None
    if source is None and not Path(wish).exists():
        known = f"{file} has {', '.join(catalogue.names) or 'none'}" if catalogue else f"there is no {file}"
        raise SourceError(
            f"There is no source and no folder of the name {wish}: {known}. "
            "Give the name of a source, the absolute path of a folder, or an address."
        )
    return source


def _at(wish: str, *, allow_private: bool) -> SourceSpec:
    try:
        address = read_address(wish, folder=Path.cwd())
    except AddressError as error:
        raise SourceError(f"The address {shown(wish)} {error}.") from None
    if len(address.uri) > _LONGEST_ADDRESS:
        raise SourceError(f"The address {shown(wish)} is longer than {_LONGEST_ADDRESS:,} characters.")
    if address.scheme == "file":
        address, kind = _local(wish)
    else:
        kind = address.kind
    return SourceSpec(
        name=address.uri,
        kind=kind,
        location=address.uri,
        connection=address.connection,
        allow_private=allow_private,
    )


def _local(wish: str) -> tuple[Address, SourceKind]:
    """Look what lies there: what a file holds tells more than its name."""
    is_list = False
    try:
        path = open_folder(wish)
        if path.is_file():
            with path.open("rb") as file:
                is_list = looks_like_manifest(file.read(HEAD_BYTES), path.name) is not None
    except OSError as error:
        raise SourceError(f"The source {shown(wish)} cannot be read: {error.strerror}.") from None
    return Address(path.as_uri()), SourceKind.MANIFEST if is_list else SourceKind.FOLDER
