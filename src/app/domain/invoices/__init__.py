"""Invoices: numbering, the frozen document, its PDF."""
