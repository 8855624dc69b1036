"""Handlers of `people`."""
