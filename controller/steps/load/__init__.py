"""Snapshot → catalog, without touching the world: read, check, link; tell every fault at once.

`load.py` holds the public function. What one document may say stands in `schemas`; what needs two
stands here.
"""
