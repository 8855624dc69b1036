"""The catalogue: plans, price versions, limits."""
