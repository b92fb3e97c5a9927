from __future__ import annotations
from textmill.quality.measuring.outlines import running_down
def turned_page(lines, improbable, low):
    return running_down(lines)
