"""What an image is in this package."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

# RGB, height x width x 3.
Pixels: TypeAlias = NDArray[np.uint8]

# Red, green, blue, 0 to 255.
Colour: TypeAlias = tuple[int, int, int]
