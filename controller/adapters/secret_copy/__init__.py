"""Where secrets are copied to: another secret store, and GitHub's secrets of a repository."""
