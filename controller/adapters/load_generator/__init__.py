"""Load generators: Locust in processes of its own, and a memory double that answers from a list."""
