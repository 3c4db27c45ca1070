"""Frozen values, one file for each arrow of the way of the data; nothing here touches the world."""
