"""The example product: its endpoints, its slow mode, and that it survives a rotation unnoticed."""

import json
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.unit.shop.shop_world import running_shop, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with running_shop(tmp_path_factory.mktemp("shop")) as running:
        yield running


@pytest.fixture
def client(shop):
    with httpx.Client(base_url=shop.urls["bestsellers"], trust_env=False) as made:
        yield made


def buy(client, key="key-one", **body):
    return client.post(
        "/orders", json={"product": 7, "quantity": 2, **body}, headers={"X-Api-Key": key}
    )


def test_the_front_page_greets_and_says_what_runs(client):
    answer = client.get("/").json()
    assert answer["greeting"] == "Hello"
    assert answer["recommendations"] == "bestsellers"
    assert len(answer["version"]) == 12


def test_two_replicas_that_start_together_make_the_products_once(shop, client):
    (row,) = shop.sql("SELECT count(*) FROM products")[0].fetchall()
    assert row == (400,)
    assert len(client.get("/products").json()["products"]) == 50


def test_a_product_comes_with_recommendations(shop, client):
    product = client.get("/products/7").json()
    assert product["id"] == 7 and len(product["recommendations"]) == 5
    slow = httpx.get(shop.urls["exhaustive"] + "/products/7", timeout=60).json()
    assert len(slow["recommendations"]) == 5
    assert slow["recommendations"] != product["recommendations"]
    assert client.get("/products/4000").status_code == 404


def test_an_order_is_in_the_database_and_has_a_receipt(shop, client):
    ordered = buy(client)
    assert ordered.status_code == 201
    order = ordered.json()
    assert client.get(f"/orders/{order['id']}").json() == order
    receipt = (shop.folder / "receipts" / f"{order['id']}.json").read_text()
    assert json.loads(receipt) == order


@pytest.mark.parametrize("key", ["", "key", "key-one\nkey-two", "ключ".encode()])
def test_an_order_needs_a_key(client, key):
    headers = {b"X-Api-Key": key} if isinstance(key, bytes) else {"X-Api-Key": key.split("\n")[-1]}
    if key == "key-one\nkey-two":
        assert client.post("/orders", json={}, headers=headers).status_code == 400
    else:
        assert client.post("/orders", json={}, headers=headers).status_code == 401


@pytest.mark.parametrize(
    "body", [{"quantity": 0}, {"quantity": "1"}, {"product": None}, {"quantity": True}]
)
def test_an_order_that_makes_no_sense_is_refused(client, body):
    assert buy(client, **body).status_code == 400
    assert client.post("/orders", content=b"[", headers={"X-Api-Key": "key-one"}).status_code == 400


def test_an_order_for_nothing_we_sell_is_refused(client):
    assert buy(client, product=4000).status_code == 404
    assert client.get("/orders/3fa85f64-5717-4562-b3fc-2c963f66afa6").status_code == 404


def test_api_keys_are_read_again_when_the_file_changes(shop, client):
    assert buy(client, key="key-two").status_code == 201
    shop.write("keys", "key-two\nkey-three\n")
    assert buy(client, key="key-one").status_code == 401
    assert buy(client, key="key-two").status_code == 201
    assert buy(client, key="key-three").status_code == 201
    shop.write("keys", "\n\n")
    assert buy(client, key="").status_code == 401
    shop.write("keys", "key-one\nkey-two\n")


def test_exhaustive_recommendations_are_really_slow(shop):
    def median_seconds(kind):
        with httpx.Client(base_url=shop.urls[kind], timeout=60, trust_env=False) as client:
            answers = [client.get(f"/products/{number}") for number in range(1, 6)]
            return statistics.median(answer.elapsed.total_seconds() for answer in answers)

    fast, slow = median_seconds("bestsellers"), median_seconds("exhaustive")
    print(f"bestsellers {fast * 1000:.0f} ms, exhaustive {slow * 1000:.0f} ms")
    assert slow > 0.06 and slow > 5 * fast


def test_no_request_fails_while_the_login_is_rotated_and_ended(shop):
    """The old login is ended at once, with requests under way on its connections."""
    stop = threading.Event()
    rounds = [0] * 6

    def load(number):
        answers = []
        kind = "exhaustive" if number == 0 else "bestsellers"
        with httpx.Client(base_url=shop.urls[kind], timeout=60, trust_env=False) as client:
            while not stop.is_set():
                answers.append(client.get(f"/products/{number + 1}").status_code)
                if number % 2:
                    answers.append(buy(client).status_code)
                rounds[number] += 1
                stop.wait(0.25)  # more requests would show no more, and take much of a machine
        return answers

    def wait_for_two_rounds():
        """Let every request end that is under way: one tries twice, so it may meet one ending."""
        before = list(rounds)
        while any(now < was + 2 for now, was in zip(rounds, before, strict=True)):
            assert not any(future.done() for future in loads)
            time.sleep(0.05)

    with ThreadPoolExecutor(6) as pool:
        loads = [pool.submit(load, number) for number in range(6)]
        for _ in range(2):
            wait_for_two_rounds()
            old = shop.login
            shop.use_next_login()
            shop.end_login(old)
        wait_for_two_rounds()
        stop.set()
        codes = [code for future in loads for code in future.result()]
    failed = [code for code in codes if code not in {200, 201}]
    print(f"{len(codes)} requests, {len(failed)} failed")
    assert len(codes) > 50
    assert not failed
    users = shop.sql("SELECT DISTINCT usename FROM pg_stat_activity WHERE usename LIKE 'shop_app%'")
    assert [row[0] for row in users[0].fetchall()] == [shop.login]


def test_every_order_has_one_receipt_and_nothing_was_sold_twice(shop):
    (orders, sold), *_ = shop.sql(
        "SELECT (SELECT count(*) FROM orders),"
        " (SELECT sum(sold) FROM products) - (SELECT sum(mod(n * 7919, 500))"
        " FROM generate_series(1, 400) n) - (SELECT sum(quantity) FROM orders)"
    )[0].fetchall()
    assert len(list((shop.folder / "receipts").glob("*.json"))) == orders
    assert sold in {0, None}


def test_logs_show_no_secret_and_sigterm_ends_it_well(shop):
    with shop.replica("bestsellers") as (process, url):
        wait_for(url)
        process.terminate()
        assert process.wait(10) in {0, -15}
    text = "".join(log.read_text() for log in shop.folder.glob("*.log"))
    assert "recommendations by bestsellers" in text
    assert not [secret for secret in ("s3cret", "key-one", "key-two") if secret in text]
