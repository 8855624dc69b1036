"""People and companies, against the real database."""
