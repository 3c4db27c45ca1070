"""Frozen values, one file for each arrow of the way of the data; no behaviour that touches the world."""
