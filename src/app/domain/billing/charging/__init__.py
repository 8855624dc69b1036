"""Charging stored cards without the buyer."""
