"""The pages of workspaces, and what Traefik asks."""
