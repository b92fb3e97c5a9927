"""The quality gate: Great Expectations over the pages of a batch."""
