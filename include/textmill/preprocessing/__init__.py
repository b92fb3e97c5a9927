"""Make the picture of a page easier to read; `preprocessor` runs in the OCR runtime, `wishes` anywhere."""
