"""Stored cards: kept at PayTR after a verification payment, chosen, removed."""
