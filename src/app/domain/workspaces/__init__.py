"""Workspaces: lifecycle, drivers, routes, the edge."""
