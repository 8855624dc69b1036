"""Money on its way back."""
