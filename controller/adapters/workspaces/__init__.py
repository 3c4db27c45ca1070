"""Where the workspaces of units and the folders they refer to lie on disk."""
