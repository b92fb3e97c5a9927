"""Which sources a run ingests: some of the catalogue, or an address that somebody typed."""

from __future__ import annotations

from textmill.records import SourceKind, SourceSpec
from textmill.settings import Settings
from textmill.sources.folder import open_folder


def choose_sources(
    wish: str, settings: Settings, *, schedule: str, allow_private: bool = False
) -> list[SourceSpec]:
    """Return the sources that `wish` stands for.

    Args:
        wish: the name of a source in the catalogue, or an address (folder, manifest, URL); empty for all
            enabled sources of the schedule.
        schedule: the group of sources that an empty wish stands for.
        allow_private: whether URLs of an address that somebody typed may lead to private addresses.

    Raises:
        SourceError: there is no such source, or the catalogue cannot be read.
    """
    location = open_folder(wish or settings.default_source).as_uri()
    return [SourceSpec(name=location, kind=SourceKind.FOLDER, location=location)]
