"""Operators of Textmill."""
