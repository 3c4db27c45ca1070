"""The demo: an outside observer that plays the developer, the operator and the release manager.

It starts the same `trueup serve` that a user would, and believes nothing that the controller says
of itself: every scene looks at the live thing (HTTP, PostgreSQL, OpenBao, Git, processes).
"""
