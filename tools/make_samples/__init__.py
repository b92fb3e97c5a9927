"""Generator of the sample media: typeset pages, worn as paper and scanners wear them, with their text.

`python -m tools.make_samples` writes every sample and its ground truth anew, byte for byte the same.
"""
