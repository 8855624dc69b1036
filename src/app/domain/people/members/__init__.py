"""Members: who belongs to a company, under which role, and whose it is."""
