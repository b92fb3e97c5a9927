"""Searchable PDF: the pages as they look, and their text, invisible, where it stands. For the OCR runtime."""
