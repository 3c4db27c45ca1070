"""The order of things: source, reconcile, secrets, drift, promote; and the journal of what was done.

`reconcile.py` is the map. Nothing here touches the world but through the ports in `world.py`.
"""
