"""Test clocks: one company's time, moved by hand, on the real engine (docs/adr/0024)."""
