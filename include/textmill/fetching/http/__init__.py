"""Bring what lies behind URLs into the content store, politely and without being led astray."""
