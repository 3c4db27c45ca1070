"""The config repository: a bare mirror read through GitPython, or commits in memory."""
