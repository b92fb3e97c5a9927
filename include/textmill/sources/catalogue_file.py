"""YAML out of a file, safely, with the place of what is wrong."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textmill.errors import SourceError

if TYPE_CHECKING:
    import yaml

_MOST_BYTES = 4 * 1024**2


def load_yaml(path: Path) -> Any:
    """Return what a YAML file of one document holds: lists, dicts, texts, numbers.

    Raises:
        SourceError: it cannot be read, is too large, or is no YAML; a key that stands twice is an error too.
    """
    import yaml

    text = _text(path)
    try:
        return yaml.load(text, Loader=_loader())  # noqa: S506  # a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SourceError(f"{path}{place}: this is no valid YAML ({_problem(error)}).") from None
    except yaml.YAMLError:
        raise SourceError(f"{path}: this is no valid YAML (it holds a control character).") from None
    # What the library raises by itself for `!!timestamp x`, `!!bool x`, 2026-13-45 or a thousand brackets.
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError):
        raise SourceError(
            f"{path}: this is no valid YAML (a date or number that does not exist, a wrong tag, or too many "
            "brackets)."
        ) from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise SourceError(f"{path} is larger than {_MOST_BYTES:,} bytes.")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise SourceError(f"The catalogue of sources {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SourceError(f"{path} is not UTF-8.") from None


def _problem(error: yaml.MarkedYAMLError) -> str:
    """Return the problem without what it quotes: it may be a password that lacks its quotation marks."""
    said = f"{error.context} {error.problem}"
    for word, mark in (("alias", "*"), ("tag", "!"), ("anchor", "&")):
        if word in said:
            return f"a value that begins with {mark} needs quotation marks"
    return error.problem or "something is out of place"


@lru_cache(maxsize=1)
def _loader() -> type[yaml.SafeLoader]:
    import yaml

    class Loader(yaml.SafeLoader):
        """Refuses what `SafeLoader` takes in silence: that the last of equal keys wins."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            """Return a dict. Raises ConstructorError for a key that stands twice."""
            keys = set()
            for key, _ in node.value:
                if key.value.__hash__ and key.value in keys:
                    raise yaml.constructor.ConstructorError(
                        None, None, "a name stands here that stands above already", key.start_mark
                    )
                if key.value.__hash__:
                    keys.add(key.value)
            return super().construct_mapping(node, deep)

    return Loader
