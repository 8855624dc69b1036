"""The double-entry book: what is posted for each money event, and the proof that it holds."""
