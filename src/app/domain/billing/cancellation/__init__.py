"""Ending a subscription at its period's end or at once, and taking that back."""
