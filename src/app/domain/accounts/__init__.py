"""People: registration, passwords, sessions, preferences."""
