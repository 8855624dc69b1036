"""Demo companies in every state, for development; their payments are in the sandbox's book as well."""
