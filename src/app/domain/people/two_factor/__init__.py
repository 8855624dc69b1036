"""The second factor: codes of an app, and codes on paper for when it is lost (docs/adr/0029)."""
