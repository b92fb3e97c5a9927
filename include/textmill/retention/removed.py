"""What was removed, or would be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_EXAMPLES = 10


@dataclass
class Removed:
    """What went of one kind.

    Attributes:
        kind: in words, in the plural.
        bytes: of files; rows of the warehouse have none.
        examples: names of the first few.
    """

    kind: str
    count: int = 0
    bytes: int = 0
    examples: list[str] = field(default_factory=list)

    def note(self, name: str, size: int = 0) -> None:
        """Count one that went."""
        self.count += 1
        self.bytes += size
        if len(self.examples) < _EXAMPLES:
            self.examples.append(name)

    def in_words(self) -> str:
        """Return a line for the log."""
        size = f", {self.bytes:,} bytes" if self.bytes else ""
        more = ", …" if self.count > len(self.examples) else ""
        names = f": {', '.join(self.examples)}{more}" if self.examples else ""
        return f"{self.count} {self.kind}{size}{names}"

    def figures(self) -> dict[str, Any]:
        """Return what travels through XCom: no names of media."""
        return {"count": self.count, "bytes": self.bytes}
