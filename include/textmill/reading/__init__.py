"""How the picture of a page becomes text: preprocessing, an engine, and other readings of doubtful lines.

`page_reader` puts it together and runs in the OCR runtime; `calibration` and `second_opinion` run anywhere.
"""
