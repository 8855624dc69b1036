"""Pages and probes for those who run the service."""
