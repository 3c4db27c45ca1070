"""The order of things: source, reconcile, deliver, watch, promote; and the journal.

`reconcile.py` is the map. Nothing here touches the world but through the ports in `world.py`.
"""
