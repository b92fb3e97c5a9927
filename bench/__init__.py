"""Measurements of the pipeline: how exactly it reads."""
