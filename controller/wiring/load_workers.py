"""A worker of load tests, for a controller somewhere else."""

from pathlib import Path

from controller.adapters.load_generator.locust import work_elsewhere


def work(host: str, port: int, token_file: Path) -> int:
    """Make a share of one run; gives how the process ended."""
    return work_elsewhere(host, port, token_file)
