"""How the world is touched: one folder a port, one file a vendor, a `memory.py` in each."""
