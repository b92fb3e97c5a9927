"""Good and spoiled pages with labels, and how the quality gate judges them."""
