"""What is needed from the world, as Protocols; each as narrow as its narrowest adapter.

Every method says whether it may be repeated and what it raises. Adapters are chosen in `wiring/`.
"""
