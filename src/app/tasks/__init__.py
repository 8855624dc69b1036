"""SAQ tasks: thin functions; no rule lives here. `registry` is the whole list."""
