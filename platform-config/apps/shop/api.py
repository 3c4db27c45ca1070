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
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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

POOL_SIZE = 8
MOST = 100
log = logging.getLogger("shop")

PREPARE = """
SELECT pg_advisory_xact_lock(7205400);
DO $$ BEGIN IF to_regclass('products') IS NULL THEN
    CREATE TABLE products (id integer PRIMARY KEY, name text NOT NULL, category text NOT NULL,
        price integer NOT NULL, sold integer NOT NULL, traits real[] NOT NULL);
    CREATE INDEX products_by_sales ON products (category, sold DESC);
    CREATE TABLE orders (id uuid PRIMARY KEY, product integer NOT NULL REFERENCES products,
        quantity integer NOT NULL, total integer NOT NULL, ordered_at timestamptz DEFAULT now());
    INSERT INTO products
    SELECT n, 'Product ' || n, 'category-' || n % 8, 100 + n * 37 % 9000, n * 7919 % 500,
           (SELECT array_agg((n * k * 7919 % 997)::real / 997) FROM generate_series(1, 24) AS k)
    FROM generate_series(1, 400) AS n;
END IF; END $$
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
WITH sale AS (
    UPDATE products SET sold = sold + %(quantity)s
    WHERE id = %(product)s AND NOT EXISTS (SELECT FROM orders WHERE id = %(order)s)
    RETURNING id, price * %(quantity)s AS total),
new AS (
    INSERT INTO orders (id, product, quantity, total)
    SELECT %(order)s, id, %(quantity)s, total FROM sale RETURNING total)
SELECT total FROM new UNION ALL SELECT total FROM orders WHERE id = %(order)s
"""
RECOMMENDATIONS = {"bestsellers": BESTSELLERS, "exhaustive": EXHAUSTIVE}


class WatchedFile:
    """A file which is replaced while we run; it is read again when its inode or time changes."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._seen: tuple[object, str] | None = None

    def read(self) -> tuple[object, str]:
        """Give what marks this version of the file, and its text."""
        try:
            found = self._path.stat()
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._seen is None or self._seen[0] != stamp:
                self._seen = (stamp, self._path.read_text().strip())
        except FileNotFoundError:
            if self._seen is None:
                raise
        return self._seen


class Database:
    """A few connections, each of the login that the file named when it was opened."""

    def __init__(self, url: WatchedFile) -> None:
        self._url = url
        self._free = threading.BoundedSemaphore(POOL_SIZE)
        self._idle: list[tuple[object, Connection]] = []
        self._lock = threading.Lock()

    def rows(self, query: str, values: Mapping[str, Any] | None = None) -> list[DictRow]:
        """Run one query; once more on a new connection when the connection is lost.

        The second time is safe because every query here may be run twice: an order keeps its id.
        """
        try:
            return self._attempt(query, values, on_new_connection=False)
        except psycopg.OperationalError as error:
            log.info("connection lost (%s), trying once more", error.sqlstate or "no answer")
            return self._attempt(query, values, on_new_connection=True)

    def row(self, query: str, values: Mapping[str, Any]) -> DictRow:
        """Run a query for one thing; HTTPException says that there is none."""
        found = self.rows(query, values)
        if not found:
            raise HTTPException(404, "there is no such thing")
        return found[0]

    def _attempt(
        self, query: str, values: Mapping[str, Any] | None, *, on_new_connection: bool
    ) -> list[DictRow]:
        with self._free:
            stamp, connection = self._take(on_new_connection=on_new_connection)
            try:
                cursor = connection.execute(query, values)
                return cursor.fetchall() if cursor.description else []
            finally:
                self._give_back(stamp, connection)

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
        # JIT compiles a query for longer than ours run
        connection = psycopg.connect(url, autocommit=True, connect_timeout=5, row_factory=dict_row)
        connection.execute("SET statement_timeout = '15s'; SET jit = off")
        return stamp, connection

    def _give_back(self, stamp: object, connection: Connection) -> None:
        if connection.closed or self._url.read()[0] != stamp:
            connection.close()
        else:
            with self._lock:
                self._idle.append((stamp, connection))


class Shop:
    """The endpoints; those that are not `async` run on worker threads."""

    def __init__(self) -> None:
        self.greeting = os.environ.get("GREETING", "Welcome")
        self.recommendations = os.environ.get("RECOMMENDATIONS", "bestsellers")
        if self.recommendations not in RECOMMENDATIONS:
            raise SystemExit(f"RECOMMENDATIONS is one of {', '.join(RECOMMENDATIONS)}")
        self.database = Database(WatchedFile(os.environ["DATABASE_URL_FILE"]))
        self.api_keys = WatchedFile(os.environ["API_KEY_FILE"])
        self.receipts = Path(os.environ["RECEIPTS_DIR"])
        self.version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]

    async def front(self, _: Request) -> JSONResponse:
        """Answer `GET /`."""
        about = {"version": self.version, "recommendations": self.recommendations}
        return JSONResponse({"greeting": self.greeting, **about})

    def health(self, _: Request) -> JSONResponse:
        """Answer `GET /healthz`: the database answers, and there is something to sell."""
        found = self.database.rows("SELECT 1 AS found FROM products LIMIT 1")
        return JSONResponse({"status": "ok"} if found else {}, 200 if found else 503)

    def list_products(self, _: Request) -> JSONResponse:
        """Answer `GET /products`."""
        query = "SELECT id, name, category, price FROM products ORDER BY id LIMIT 50"
        return JSONResponse({"products": self.database.rows(query)})

    def show_product(self, request: Request) -> JSONResponse:
        """Answer `GET /products/{id}`, with what else the customer might like."""
        query = "SELECT id, name, price FROM products WHERE id = %(id)s"
        product = self.database.row(query, request.path_params)
        also = self.database.rows(RECOMMENDATIONS[self.recommendations], request.path_params)
        return JSONResponse({**product, "recommendations": also})

    async def order(self, request: Request) -> JSONResponse:
        """Answer `POST /orders` with `{"product": 7, "quantity": 1}`."""
        self._check_key(request.headers.get("x-api-key", ""))
        try:
            body = await request.json()
            product, quantity = body["product"], body["quantity"]
        except (ValueError, KeyError, TypeError):
            raise HTTPException(400, "expected `product` and `quantity`") from None
        if type(product) is not int or type(quantity) is not int or not 0 < quantity <= MOST:
            raise HTTPException(400, f"`product` and `quantity` are whole numbers, 1 to {MOST}")
        return await run_in_threadpool(self._order, product, quantity)

    def show_order(self, request: Request) -> JSONResponse:
        """Answer `GET /orders/{id}`."""
        query = "SELECT id::text, product, quantity, total FROM orders WHERE id = %(id)s"
        return JSONResponse(self.database.row(query, request.path_params))

    def _order(self, product: int, quantity: int) -> JSONResponse:
        order = uuid.uuid4()
        values = {"order": order, "product": product, "quantity": quantity}
        total = self.database.row(ORDER, values)["total"]
        receipt = {"id": str(order), "product": product, "quantity": quantity, "total": total}
        unfinished = self.receipts / f".{order}.part"
        unfinished.write_text(json.dumps(receipt) + "\n")
        unfinished.replace(self.receipts / f"{order}.json")
        return JSONResponse(receipt, status_code=201)

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


def main() -> None:
    """Serve until SIGTERM."""
    line = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format=line)
    shop = Shop()
    routes = [
        Route("/", shop.front),
        Route("/healthz", shop.health),
        Route("/products", shop.list_products),
        Route("/products/{id:int}", shop.show_product),
        Route("/orders", shop.order, methods=["POST"]),
        Route("/orders/{id:uuid}", shop.show_order),
    ]
    try:
        shop.database.rows(PREPARE)  # once, however many replicas start
    except psycopg.Error as error:
        state = error.sqlstate or "no answer"  # never its text, which may quote the login
        raise SystemExit(
            f"the tables cannot be prepared: {type(error).__name__}, {state}"
        ) from None
    log.info("version %s, recommendations by %s", shop.version, shop.recommendations)
    handlers: dict[Any, Any] = {HTTPException: refuse, psycopg.Error: refuse}
    application = Starlette(routes=routes, exception_handlers=handlers)
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])
    uvicorn.run(application, host=host, port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
