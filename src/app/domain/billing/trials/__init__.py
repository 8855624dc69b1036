"""Trials: who gets one, what is said before it ends, and how it ends: suspended, or charged as agreed."""
