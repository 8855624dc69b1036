"""What is a person's own: a copy of everything about them, and being forgotten (docs/adr/0032)."""
