"""Closing a company: its owner asks, its files go as retention says, and what names people follows."""
