"""Asking PayTR about what callbacks left unsigned, and about attempts nobody reported."""
