"""Programs for people who work on Textmill."""
