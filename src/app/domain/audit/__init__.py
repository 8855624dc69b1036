"""The audit trail: one function writes it."""
