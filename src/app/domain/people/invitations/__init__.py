"""Invitations: letters that let somebody into a company."""
