"""A worker of load tests, for a controller somewhere else."""

from pathlib import Path

from controller.adapters.load_generator.locust import work_elsewhere


def work(host: str, port: int, token_file: Path, *, once: bool) -> int:
    """Make a share of one run, or of each; gives how the process ended."""
    return work_elsewhere(host, port, token_file, once=once)
