"""Requests nobody would send by hand: every form and query parameter of the route table, at random."""
