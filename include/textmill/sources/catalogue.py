"""The catalogue of sources: what `sources.yaml` says. See docs/sources.md.

DAG files ask for names and schedules again and again: a file that did not change costs a look at its time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from textmill.errors import SourceError
from textmill.records import SourceSpec

NIGHTLY = "nightly"
DEFAULT_SCHEDULES: Mapping[str, str] = {NIGHTLY: "0 0 * * *"}


@dataclass(frozen=True)
class CatalogueSource:
    """A source of the catalogue: how it is read, and when."""

    spec: SourceSpec
    schedule: str
    enabled: bool


@dataclass(frozen=True)
class Catalogue:
    """What `sources.yaml` says.

    Attributes:
        path: the file.
        schedules: cron expressions (UTC, of five fields) by their names; `nightly` is always there.
        sources: in the order of the file.
    """

    path: Path
    schedules: Mapping[str, str]
    sources: tuple[CatalogueSource, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all sources, also of those that are not enabled."""
        return tuple(source.spec.name for source in self.sources)

    def find(self, name: str) -> SourceSpec | None:
        """Return the source of this name, enabled or not."""
        return next((source.spec for source in self.sources if source.spec.name == name), None)

    def of_schedule(self, schedule: str) -> list[SourceSpec]:
        """Return the enabled sources of a schedule, which may be none.

        Raises:
            SourceError: there is no such schedule.
        """
        if schedule not in self.schedules:
            raise SourceError(f"{self.path} has no schedule {schedule}; it has {', '.join(self.schedules)}.")
        return [source.spec for source in self.sources if source.enabled and source.schedule == schedule]


def load_catalogue(path: Path) -> Catalogue:
    """Return the catalogue in a file.

    Raises:
        SourceError: it cannot be read, or something in it is wrong: one sentence for each mistake.
    """
    catalogue, mistakes = _look(path)
    if mistakes:
        raise SourceError("\n".join(mistakes))
    return catalogue


def catalogue_names(path: Path) -> tuple[str, ...]:
    """Return the names of the sources that are right, for forms; none where the file is missing or broken."""
    return _look(path)[0].names


def schedules(path: Path) -> Mapping[str, str]:
    """Return the schedules that are right, for DAG files; the default where the file is missing or broken."""
    return _look(path)[0].schedules


def _look(path: Path) -> tuple[Catalogue, tuple[str, ...]]:
    """Return what is right in the file, and a sentence for each mistake."""
    try:
        status = path.stat()
    except OSError as error:
        mistake = f"The catalogue of sources {path} (TEXTMILL_SOURCES_FILE) cannot be read: {error.strerror}."
        return Catalogue(path, DEFAULT_SCHEDULES, ()), (mistake,)
    return _read(path.absolute(), status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=16)
def _read(path: Path, _modified_ns: int, _size: int) -> tuple[Catalogue, tuple[str, ...]]:
    from textmill.sources.catalogue_file import load_yaml
    from textmill.sources.catalogue_reading import CatalogueReader

    try:
        content = load_yaml(path)
    except SourceError as error:
        return Catalogue(path, DEFAULT_SCHEDULES, ()), (str(error),)
    reader = CatalogueReader(path)
    return reader.read(content), tuple(reader.mistakes)
