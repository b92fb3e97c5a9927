"""Where media come from. A source streams references; it opens no medium."""
