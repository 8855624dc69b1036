"""Dunning: what happens to a subscription whose renewal is not paid."""
