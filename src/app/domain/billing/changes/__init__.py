"""Another plan or interval: its cost, the order that pays for it, and what waits for the period's end."""
