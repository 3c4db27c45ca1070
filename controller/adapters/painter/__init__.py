"""Painters of charts: matplotlib in a process of its own, and a plain double for tests."""
