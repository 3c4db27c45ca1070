"""Settings in, something that works out; the only room that names adapters."""
