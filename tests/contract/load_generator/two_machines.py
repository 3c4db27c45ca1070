"""Runs inside a network of its own: makes a second one with a worker, and loads over a cable.

The cable is pulled in the middle of the first run, and put back before the second.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import psutil

from controller.adapters.load_generator.locust import LocustLoadGenerator
from controller.adapters.load_generator.meeting import Meeting
from controller.ports.load_generator import LoadOrder
from tests.contract.load_generator.target_server import running

HERE, THERE, PORT, TOKEN = "10.213.0.1", "10.213.0.2", 5557, "right" * 10
SCRIPT = b"""
from locust import FastHttpUser, task

class Visitor(FastHttpUser):
    @task
    def look(self):
        self.client.get("/")
"""


def ip(*words):
    subprocess.run(("ip", *words), check=True)


async def start_worker(folder):
    token = folder / "token"
    token.write_text(TOKEN)
    work = f"{sys.executable} -m controller gate worker {HERE}:{PORT} --token-file {token}"
    unshare = ("unshare", "--net", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
    there = (
        "hostname node-b; echo there; read go; "
        f"ip addr add {THERE}/24 dev b0; ip link set b0 up; exec {work}"
    )
    process = await asyncio.create_subprocess_exec(
        *unshare, "sh", "-c", there, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    await process.stdout.readline()
    inside = psutil.Process(process.pid).children()
    ip("link", "add", "a0", "type", "veth", "peer", "name", "b0", "netns", str(inside[0].pid))
    ip("addr", "add", f"{HERE}/24", "dev", "a0")
    ip("link", "set", "a0", "up")
    process.stdin.write(b"go\n")
    return process


async def run(url, steady, lost_after, on_progress=None):
    meeting = Meeting(HERE, PORT, TOKEN, patience=120.0, lost_after=lost_after)
    generator = LocustLoadGenerator(remote_targets=True, grace=120.0, meeting=meeting)
    made = LoadOrder("far", SCRIPT, url, 4, 40.0, 0.5, steady, workers=1, are_elsewhere=True)
    return await generator.run(made, on_progress=on_progress)


async def main(folder):
    ip("link", "set", "lo", "up")
    async with running(host="0.0.0.0") as target:
        worker = await start_worker(folder)
        try:
            url = target.url.replace("0.0.0.0", HERE)
            cut = []

            def pull(_progress):
                if not cut:
                    cut.append(ip("link", "set", "a0", "down"))

            lost = await run(url, 60.0, 3.0, pull)
            ip("link", "set", "a0", "up")
            back = await run(url, 1.5, 60.0)
        finally:
            with contextlib.suppress(ProcessLookupError):
                worker.kill()
            await worker.wait()
    print(json.dumps({"lost": asdict(lost), "back": asdict(back), "class": back.runner_class}))


asyncio.run(main(Path(sys.argv[1])))
