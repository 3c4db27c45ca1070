"""Sources of numbers over time: the HTTP API of Prometheus, and a memory double."""
