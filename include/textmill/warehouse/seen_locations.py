"""Which locations a run came across: exact, in a bit each."""

from __future__ import annotations


class SeenLocations:
    """A set of location ids: one bit each, up to the largest."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, location_id: int) -> None:
        """Put an id in."""
        place = location_id >> 3
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits) + len(self._bits) // 8))
        self._bits[place] |= 1 << (location_id & 7)

    def __contains__(self, location_id: int) -> bool:
        place = location_id >> 3
        return place < len(self._bits) and bool(self._bits[place] >> (location_id & 7) & 1)
