"""What can be measured of a page, a module per topic: pure functions from text and outlines to figures."""
