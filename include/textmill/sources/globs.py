"""Which files of a source are taken: globs over the path below its root."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase


class GlobFilter:
    """Takes what an include glob matches (all, when there is none) and no exclude glob does."""

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self._include = tuple(include)
        self._exclude = tuple(exclude)

    def takes(self, path: str) -> bool:
        """Whether a file is taken. `path` is below the root, with `/` between its names, not escaped."""
        if any(fnmatchcase(path, glob) for glob in self._exclude):
            return False
        return not self._include or any(fnmatchcase(path, glob) for glob in self._include)

    def may_hold(self, folder: str) -> bool:
        """Whether a file below `folder` may be taken; False spares listing it. The root is the empty path."""
        return True
