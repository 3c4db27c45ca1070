"""An open-loop generator of our own: requests start when they are due, whatever came back so far.

Slow and simple; it is the truth that gates are held against, and no part of them.
"""

import asyncio
import math
import sys
import time
from urllib.parse import urlsplit

from hdrh.histogram import HdrHistogram

LONGEST = 60_000_000


async def measure(url: str, rate: float, seconds: float) -> dict[str, float]:
    """Give percentiles in milliseconds, and how many requests were answered."""
    parts = urlsplit(url)
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    histogram = HdrHistogram(1, LONGEST, 3)
    start = time.perf_counter() + 0.2

    async def one(due: float) -> None:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        reader, writer = await asyncio.open_connection(*address)
        writer.write(b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        histogram.record_value(max(1, int((time.perf_counter() - due) * 1e6)))
        writer.close()

    async with asyncio.TaskGroup() as group:
        for number in range(math.floor(rate * seconds)):
            group.create_task(one(start + number / rate))
    found = {
        f"p{percent}": histogram.get_value_at_percentile(percent) / 1000
        for percent in (50, 90, 95, 99)
    }
    return {**found, "requests": float(histogram.get_total_count())}


async def main(url: str, rate: str, seconds: str) -> None:
    """Measure and print."""
    found = await measure(url, float(rate), float(seconds))
    print(" ".join(f"{name}={value:.1f}" for name, value in found.items()))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
