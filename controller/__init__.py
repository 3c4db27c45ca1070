"""Trueup: a controller that keeps a platform true to its Git repository."""

__version__ = "0.1.0"
