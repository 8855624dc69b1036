"""Data that a new database begins with."""
