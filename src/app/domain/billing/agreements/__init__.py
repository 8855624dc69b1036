"""The contract of an order: filled with it, shown before it is paid for, and accepted once."""
