"""The pages where modules meet."""
