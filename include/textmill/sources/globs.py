"""Which files of a source are taken: globs over the path below its root."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile

from textmill.errors import SourceError


class GlobFilter:
    """Takes the paths that an `include` glob matches (all, when there is none) and no `exclude` glob does.

    The globs are those of `.gitignore` (gitignore(5), section *pattern format*), case-sensitive: `*`, `?` and
    `[a-z]` stay within a name, `**` crosses folders, a glob with a `/` before its end starts at the root, any
    other matches a name at any depth, and one that ends with `/` is a folder with all that lies in it. An
    exclude glob that matches a folder excludes all that lies in it, too; an include glob matches files. There
    is no `!`: that is what `exclude` is for.

    Raises:
        SourceError: something is no glob.
    """

    def __init__(self, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> None:
        include = tuple(include)
        self._include = _any_of(map(_files, include))
        self._exclude = _any_of(map(_expression, exclude))
        self._leads_to_included = (
            None if any(map(_floats, include)) else _any_of(_folders_on_the_way(include))
        )

    def takes(self, path: str) -> bool:
        """Whether a file is taken. `path` is below the root, with `/` between its names, not escaped."""
        if self._exclude is not None and self._exclude.match(path):
            return False
        return self._include is None or self._include.fullmatch(path) is not None

    def may_hold(self, folder: str) -> bool:
        """Whether a file below `folder` may be taken; False spares listing it. The root is the empty path."""
        if not folder:
            return True
        if self._exclude is not None and self._exclude.match(f"{folder}/"):
            return False
        return self._leads_to_included is None or self._leads_to_included.fullmatch(folder) is not None


def _any_of(expressions: Iterable[str]) -> re.Pattern[str] | None:
    alternatives = "|".join(f"(?:{expression})" for expression in dict.fromkeys(expressions))
    # File names may hold line breaks.
    return re.compile(alternatives, re.DOTALL) if alternatives else None


def _expression(glob: str) -> str:
    """Return what matches a path, or the beginning of one below a folder, that `glob` matches."""
    from pathspec.patterns.gitignore import GitIgnorePatternError
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    if glob.startswith("!"):
        raise SourceError(
            f"The glob {glob!r} begins with an exclamation mark: use exclude, or \\! for the mark."
        )
    try:
        # In a file, # begins a comment.
        pattern = GitIgnoreSpecPattern(f"\\{glob}" if glob.startswith("#") else glob)
    except (GitIgnorePatternError, re.error):
        pattern = None
    if pattern is None or pattern.regex is None:
        raise SourceError(f"{glob!r} is no glob.")
    # Its one named group tells folders from files, and a name may be used once in an expression only.
    return str(pattern.regex.pattern).replace("?P<ps_d>", "?:")


def _files(glob: str) -> str:
    """Return what matches the whole path of a file that `glob` includes."""
    everything_below = glob in ("*", "**") or glob.endswith(("/", "/**"))
    return _expression(glob) + (".*" if everything_below else "")


def _floats(glob: str) -> bool:
    """Whether what the glob matches may lie at any depth."""
    return "/" not in glob[:-1] or glob.startswith(("**/", "/**/"))


def _folders_on_the_way(include: Iterable[str]) -> Iterator[str]:
    """Return what matches the folders that may hold what is included; none of the globs floats."""
    for glob in include:
        names = glob.strip("/").split("/")
        fixed = list(takewhile(lambda name: name != "**", names))
        is_open = len(fixed) < len(names) or glob.endswith("/")
        if not is_open:
            fixed.pop()
        for depth in range(1, len(fixed) + 1):
            yield _expression("/" + "/".join(fixed[:depth]))
        if is_open:
            yield _expression("/" + "/".join(fixed) + "/") + ".*"
        if not fixed:
            yield r"(?!)"  # the root itself holds it
