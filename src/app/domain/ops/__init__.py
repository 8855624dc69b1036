"""Health, readiness, metrics, recorded runs."""
