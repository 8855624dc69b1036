"""Companies: profile, memberships and what each role may do."""
