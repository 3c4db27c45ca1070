"""Rego: in a process of its own, because a policy may hang it or bring it down; and in memory."""
