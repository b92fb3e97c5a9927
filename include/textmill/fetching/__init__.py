"""Bring a medium's bytes into the content store and find out what they are."""
