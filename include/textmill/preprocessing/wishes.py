"""What may be asked of preprocessing, and in which order it is done."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

AUTO, NONE = "auto", "none"

STEPS: Mapping[str, str] = MappingProxyType(
    {
        "orientation": "turn the page upright by a multiple of 90 degrees",
        "borders": "remove dark scan borders",
        "denoise": "remove specks and grain",
        "illumination": "make shadows as bright as the rest of the paper",
        "deskew": "turn the page by the few degrees by which it was fed in askew",
        "upscale": "enlarge small text",
        "threshold": "make the page black and white",
    }
)
"""What each step does, in the order in which steps are done, whatever the order in which they are named."""


def parse_wish(wish: str) -> tuple[str, ...] | None:
    """Return the names of the steps in the order in which they are done; None leaves the choice to us.

    Args:
        wish: `auto`, `none`, or names of steps separated by commas, in any order.

    Raises:
        ValueError: a name is unknown, or `auto` and `none` are mixed with others.
    """
    names = [name.strip().lower() for name in wish.split(",")]
    if names == [AUTO]:
        return None
    if names == [NONE]:
        return ()
    if unknown := [name for name in names if name not in STEPS]:
        raise ValueError(
            f"Preprocessing cannot be {wish!r}: {', '.join(map(repr, unknown))} is no step that can be named "
            f"there. Give auto, none, or any of {', '.join(STEPS)}, separated by commas."
        )
    return tuple(step for step in STEPS if step in names)
