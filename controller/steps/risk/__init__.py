"""Plan → risk: a score with its reasons. Pure: the same plan and facts give the same score.

The rules are in `rules/`, one file a subject, and their points in `table.py`.
"""
