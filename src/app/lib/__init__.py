"""Tools without a business word in them; they import nothing of ours but each other."""
