"""One document as a file: plain text, hOCR, ALTO or a searchable PDF."""
