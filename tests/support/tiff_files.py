"""TIFF files in varieties that no library at hand writes: tiles, planes, inverted levels, any bit depth."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np

_SHORT, _LONG = 3, 4
_TILE = 16


def write_tiff(
    path: Path,
    pixels: Any,
    *,
    photometric: int,
    tiled: bool = False,
    planar: bool = False,
    orientation: int = 1,
) -> None:
    """Write an array of shape (height, width) or (height, width, channels) without compression.

    Args:
        photometric: tag 262: 0 has 0 as white, 1 as black, 2 is RGB, 5 inks.
    """
    samples = pixels if pixels.ndim == 3 else pixels[:, :, None]
    height, width, channels = samples.shape
    planes = [samples[:, :, channel : channel + 1] for channel in range(channels)] if planar else [samples]
    chunks = [chunk for plane in planes for chunk in (_tiles(plane) if tiled else [plane.tobytes()])]
    tags: list[tuple[int, int, list[int]]] = [
        (256, _LONG, [width]),
        (257, _LONG, [height]),
        (258, _SHORT, [samples.dtype.itemsize * 8] * channels),
        (259, _SHORT, [1]),
        (262, _SHORT, [photometric]),
        (274, _SHORT, [orientation]),
        (277, _SHORT, [channels]),
        (284, _SHORT, [2 if planar else 1]),
    ]
    data = b"".join(chunks)
    sizes = [len(chunk) for chunk in chunks]
    offsets = [8 + sum(sizes[:number]) for number in range(len(chunks))]
    if tiled:
        tags += [(322, _SHORT, [_TILE]), (323, _SHORT, [_TILE]), (324, _LONG, offsets), (325, _LONG, sizes)]
    else:
        tags += [(273, _LONG, offsets), (278, _LONG, [height]), (279, _LONG, sizes)]
    path.write_bytes(b"II*\0" + struct.pack("<I", 8 + len(data)) + data + _directory(tags, 8 + len(data)))


def _tiles(plane: Any) -> list[bytes]:
    height, width, _ = plane.shape
    padded = np.pad(plane, ((0, -height % _TILE), (0, -width % _TILE), (0, 0)))
    return [
        padded[top : top + _TILE, left : left + _TILE].tobytes()
        for top in range(0, padded.shape[0], _TILE)
        for left in range(0, padded.shape[1], _TILE)
    ]


def _directory(tags: list[tuple[int, int, list[int]]], at: int) -> bytes:
    entries, beyond = b"", b""
    beyond_at = at + 2 + 12 * len(tags) + 4
    for tag, kind, values in sorted(tags):
        packed = struct.pack(f"<{len(values)}{'H' if kind == _SHORT else 'I'}", *values)
        if len(packed) > 4:
            place = struct.pack("<I", beyond_at + len(beyond))
            beyond += packed
        else:
            place = packed.ljust(4, b"\0")
        entries += struct.pack("<HHI", tag, kind, len(values)) + place
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0) + beyond
