"""Renewals: the order for the period that follows, and the end where nothing follows."""
