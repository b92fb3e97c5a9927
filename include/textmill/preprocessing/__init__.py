"""Make the picture of a page easier to read. Runs in the OCR runtime."""

from __future__ import annotations

from textmill.preprocessing.preprocessor import PreparedPage, Preprocessor

__all__ = ["PreparedPage", "Preprocessor"]
