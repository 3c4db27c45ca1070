"""The shop: the example product's HTTP service. It knows nothing of Trueup.

HOST, PORT         where to listen
GREETING           what the front page says
RECOMMENDATIONS    bestsellers (an indexed query) | exhaustive (compares every pair of products)
DATABASE_URL_FILE  a file with a PostgreSQL URL; read again whenever it changes
API_KEY_FILE       a file with one accepted key a line; read again whenever it changes
RECEIPTS_DIR       a folder that gets one file an order
"""

import hashlib
import hmac
import json
import logging
import os
import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import uvicorn
from psycopg.rows import DictRow, dict_row
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

Connection = psycopg.Connection[DictRow]
T = TypeVar("T")

POOL_SIZE = 8
PRODUCTS = 400
SEED_LOCK = 7_205_400
log = logging.getLogger("shop")

TABLES = """
CREATE TABLE products (id integer PRIMARY KEY, name text NOT NULL, category text NOT NULL,
    price integer NOT NULL, sold integer NOT NULL, traits real[] NOT NULL);
CREATE INDEX products_by_sales ON products (category, sold DESC);
CREATE TABLE orders (id uuid PRIMARY KEY, product integer NOT NULL REFERENCES products,
    quantity integer NOT NULL, total integer NOT NULL, ordered_at timestamptz DEFAULT now());
"""
SEED = """
INSERT INTO products
SELECT n, 'Product ' || n, 'category-' || mod(n, 8), 100 + mod(n * 37, 9000), mod(n * 7919, 500),
       (SELECT array_agg(mod(n * k * 7919, 997)::real / 997) FROM generate_series(1, 12) AS k)
FROM generate_series(1, %s) AS n
"""
BESTSELLERS = """
SELECT id, name, price FROM products
WHERE category = (SELECT category FROM products WHERE id = %(id)s) AND id <> %(id)s
ORDER BY sold DESC LIMIT 5
"""
EXHAUSTIVE = """
WITH pairs AS MATERIALIZED (
    SELECT a.id AS one, b.id AS other,
           (SELECT sum(power(x - y, 2)) FROM unnest(a.traits, b.traits) AS t (x, y)) AS distance
    FROM products a JOIN products b ON a.id < b.id)
SELECT p.id, p.name, p.price
FROM pairs JOIN products p ON p.id = CASE one WHEN %(id)s THEN other ELSE one END
WHERE %(id)s IN (one, other) ORDER BY distance LIMIT 5
"""
ORDER = """
INSERT INTO orders (id, product, quantity, total)
SELECT %(order)s, id, %(quantity)s, price * %(quantity)s FROM products WHERE id = %(product)s
RETURNING total
"""
RECOMMENDATIONS = {"bestsellers": BESTSELLERS, "exhaustive": EXHAUSTIVE}


class WatchedFile:
    """A file which is replaced while we run; it is read again when its inode or time changes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._text = ""
        self._lock = threading.Lock()

    def read(self) -> tuple[tuple[int, int, int], str]:
        """Give what marks this version of the file, and its text."""
        with self._lock:
            try:
                found = self._path.stat()
                stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
                if stamp != self._stamp:
                    self._text, self._stamp = self._path.read_text().strip(), stamp
            except FileNotFoundError:
                if self._stamp is None:
                    raise
            return self._stamp, self._text


class Database:
    """A few connections, each of the login that the file named when it was opened."""

    def __init__(self, url: WatchedFile) -> None:
        self._url = url
        self._free = threading.BoundedSemaphore(POOL_SIZE)
        self._idle: list[tuple[object, Connection]] = []
        self._lock = threading.Lock()

    def run(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction; once more on a new connection when the connection is lost.

        The second time is safe because all work here may be done twice: an order keeps its id.
        """
        try:
            return self._attempt(work, on_new_connection=False)
        except psycopg.OperationalError as error:
            log.info("connection lost (%s), trying once more", error.sqlstate or "no answer")
            return self._attempt(work, on_new_connection=True)

    def _attempt(self, work: Callable[[Connection], T], *, on_new_connection: bool) -> T:
        if not self._free.acquire(timeout=10):
            raise HTTPException(503, "too many requests at once")
        try:
            stamp, connection = self._take(on_new_connection=on_new_connection)
            try:
                with connection.transaction():
                    return work(connection)
            finally:
                self._give_back(stamp, connection)
        finally:
            self._free.release()

    def _take(self, *, on_new_connection: bool) -> tuple[object, Connection]:
        stamp, url = self._url.read()
        with self._lock:
            stale = [c for s, c in self._idle if s != stamp or on_new_connection]
            self._idle = [(s, c) for s, c in self._idle if s == stamp and not on_new_connection]
            found = self._idle.pop() if self._idle else None
        for old in stale:
            old.close()
        if found:
            return found
        connection = psycopg.connect(url, autocommit=True, connect_timeout=5, row_factory=dict_row)
        connection.execute("SET statement_timeout = '15s'; SET jit = off")
        return stamp, connection

    def _give_back(self, stamp: object, connection: Connection) -> None:
        if connection.closed or connection.broken or self._url.read()[0] != stamp:
            connection.close()
            return
        with self._lock:
            self._idle.append((stamp, connection))


class Shop:
    """The endpoints; those that are not `async` run on worker threads."""

    def __init__(self) -> None:
        self.greeting = os.environ.get("GREETING", "Welcome")
        self.recommendations = os.environ.get("RECOMMENDATIONS", "bestsellers")
        if self.recommendations not in RECOMMENDATIONS:
            raise SystemExit(f"RECOMMENDATIONS is one of {', '.join(RECOMMENDATIONS)}")
        self.database = Database(WatchedFile(Path(os.environ["DATABASE_URL_FILE"])))
        self.api_keys = WatchedFile(Path(os.environ["API_KEY_FILE"]))
        self.receipts = Path(os.environ["RECEIPTS_DIR"])
        self.version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]

    def prepare(self) -> None:
        """Make and fill the tables, once, however many replicas start."""

        def work(connection: Connection) -> None:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (SEED_LOCK,))
            row = connection.execute("SELECT to_regclass('products') AS products").fetchone()
            if row is None or row["products"] is None:
                connection.execute(TABLES)
                connection.execute(SEED, (PRODUCTS,))
                log.info("made the tables and %d products", PRODUCTS)

        self.database.run(work)

    async def front(self, _: Request) -> JSONResponse:
        """Answer `GET /`."""
        about = {"version": self.version, "recommendations": self.recommendations}
        return JSONResponse({"greeting": self.greeting, **about})

    def health(self, _: Request) -> JSONResponse:
        """Answer `GET /healthz`: the database answers, and there is something to sell."""
        if not self._rows("SELECT 1 AS found FROM products LIMIT 1", {}):
            raise HTTPException(503, "no products")
        return JSONResponse({"status": "ok"})

    def list_products(self, _: Request) -> JSONResponse:
        """Answer `GET /products`."""
        query = "SELECT id, name, category, price FROM products ORDER BY id LIMIT 50"
        return JSONResponse({"products": self._rows(query, {}), "of": PRODUCTS})

    def show_product(self, request: Request) -> JSONResponse:
        """Answer `GET /products/{id}`, with what else the customer might like."""
        wanted = request.path_params
        found = self._rows("SELECT id, name, price FROM products WHERE id = %(id)s", wanted)
        if not found:
            raise HTTPException(404, "no such product")
        also = self._rows(RECOMMENDATIONS[self.recommendations], wanted)
        return JSONResponse({**found[0], "recommendations": also})

    async def order(self, request: Request) -> JSONResponse:
        """Answer `POST /orders` with `{"product": 7, "quantity": 1}`."""
        self._check_key(request.headers.get("x-api-key", ""))
        try:
            body = await request.json()
            product, quantity = body["product"], body["quantity"]
        except (ValueError, KeyError, TypeError):
            raise HTTPException(400, "expected `product` and `quantity`") from None
        if type(product) is not int or type(quantity) is not int or not 0 < quantity <= 100:  # noqa: PLR2004 - a customer's limit
            raise HTTPException(400, "`product` and `quantity` are whole numbers, 1 to 100")
        return await run_in_threadpool(self._order, product, quantity)

    def show_order(self, request: Request) -> JSONResponse:
        """Answer `GET /orders/{id}`."""
        query = "SELECT id::text, product, quantity, total FROM orders WHERE id = %(id)s"
        found = self._rows(query, request.path_params)
        if not found:
            raise HTTPException(404, "no such order")
        return JSONResponse(found[0])

    def _order(self, product: int, quantity: int) -> JSONResponse:
        order = uuid.uuid4()
        values = {"order": order, "product": product, "quantity": quantity}
        known = "SELECT total FROM orders WHERE id = %(order)s"
        sold = "UPDATE products SET sold = sold + %(quantity)s WHERE id = %(product)s"

        def work(connection: Connection) -> int | None:
            row = connection.execute(known, values).fetchone()
            if row is None:  # as ever, but when a first attempt was written and its answer lost
                row = connection.execute(ORDER, values).fetchone()
                connection.execute(sold, values)
            return row["total"] if row else None

        total = self.database.run(work)
        if total is None:
            raise HTTPException(404, "no such product")
        receipt = {"id": str(order), "product": product, "quantity": quantity, "total": total}
        unfinished = self.receipts / f".{order}.part"
        unfinished.write_text(json.dumps(receipt) + "\n")
        unfinished.replace(self.receipts / f"{order}.json")
        return JSONResponse(receipt, status_code=201)

    def _rows(self, query: str, values: dict[str, Any]) -> list[DictRow]:
        return self.database.run(lambda connection: connection.execute(query, values).fetchall())

    def _check_key(self, shown: str) -> None:
        keys = [line.strip().encode() for line in self.api_keys.read()[1].splitlines()]
        matches = [hmac.compare_digest(shown.encode(), key) for key in keys if key]
        if not any(matches):
            raise HTTPException(401, "X-Api-Key is missing or not known")


def refuse(_: Request, error: Exception) -> JSONResponse:
    """Turn what went wrong into an answer, and into a log line when it is our fault."""
    if isinstance(error, HTTPException):
        return JSONResponse({"error": error.detail}, status_code=error.status_code)
    state = getattr(error, "sqlstate", None)
    log.error("the database failed: %s %s", type(error).__name__, state)  # never its text: a login
    return JSONResponse({"error": "the database does not answer"}, status_code=503)


def application(shop: Shop) -> Starlette:
    """Give the ASGI application."""
    routes = [
        Route("/", shop.front),
        Route("/healthz", shop.health),
        Route("/products", shop.list_products),
        Route("/products/{id:int}", shop.show_product),
        Route("/orders", shop.order, methods=["POST"]),
        Route("/orders/{id:uuid}", shop.show_order),
    ]
    handlers: dict[Any, Any] = {HTTPException: refuse, psycopg.Error: refuse}
    return Starlette(routes=routes, exception_handlers=handlers)


def main() -> None:
    """Serve until SIGTERM."""
    line = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format=line)
    shop = Shop()
    try:
        shop.prepare()
    except psycopg.Error as error:
        state = error.sqlstate or "no answer"  # never its text, which may quote the login
        raise SystemExit(f"the tables cannot be prepared: {type(error).__name__}, {state}") from None
    log.info("version %s, recommendations by %s", shop.version, shop.recommendations)
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    uvicorn.run(application(shop), host=host, port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
