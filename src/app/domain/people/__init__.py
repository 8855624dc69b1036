"""People and their accounts: the ways back in, and what they keep to themselves."""
