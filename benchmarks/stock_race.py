"""Stock deliveries race slates: proof that nothing sold out is shown after its 200 (DESIGN.md, contract 3).

Writers empty and fill products by signed webhooks: doubled, late, out of order. Readers ask for slates from other
processes. Every moment is taken from the machine's monotonic clock, which all of its processes share. A slate that was
asked for after the 200 of an emptying, and answered before the next filling was sent, must not hold the product.
"""

from __future__ import annotations

import json
import multiprocessing
import random
import re
import time
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.wire import Client, get_bytes, post_bytes
from connectors.direct import sign

PRODUCT = re.compile(rb'\{"product":"([^"]+)"')
PLACEMENTS = ("home", "product", "cart", "collection", "search", "post_purchase")
MOST_SECONDS = 1800.0

# When a slate was asked for and when it was answered, in monotonic seconds, and the numbers of its products.
Seen = tuple[float, float, "array[int]"]


@dataclass(frozen=True, slots=True)
class Shopfront:
    """The shop of a race. products: external ids, each with one variant of the same number at one location."""

    port: int
    key: str
    secret: str
    products: Sequence[str]
    inventory_items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Race:
    """What a race came to. violations: slates that held a sold-out product. emptied: how often a shelf was emptied."""

    slates: int
    violations: int
    emptied: int
    deliveries: int
    seconds: float
    shown: int


def run(
    shop: Shopfront, *, slates: int, readers: int, writers: int, seed: int, most_seconds: float = MOST_SECONDS
) -> Race:
    """Race until so many slates were answered. Raises TimeoutError past `most_seconds`."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    told: Any = context.Queue()
    began = time.monotonic()
    write = [
        context.Process(target=_write, args=(shop, number, writers, seed, stop, told), daemon=True)
        for number in range(writers)
    ]
    read = [
        context.Process(target=_read, args=(shop, slates // readers, seed + 1000 + number, told), daemon=True)
        for number in range(readers)
    ]
    deadline = began + most_seconds
    for process in [*write, *read]:
        process.start()
    try:
        seen = _collect(told, "read", read, deadline)
        stop.set()
        sold_out = _collect(told, "write", write, deadline)
    finally:
        for process in [*write, *read]:
            process.kill()
    seconds = time.monotonic() - began
    intervals: dict[int, list[tuple[float, float]]] = {}
    for part in sold_out:
        intervals.update(part["spans"])
    answered = [slate for part in seen for slate in part["slates"]]
    return Race(
        slates=len(answered),
        violations=sum(violates(slate, intervals) for slate in answered),
        emptied=sum(len(spans) for spans in intervals.values()),
        deliveries=sum(part["deliveries"] for part in sold_out),
        seconds=seconds,
        shown=sum(len(slate[2]) for slate in answered),
    )


def _collect(told: Any, kind: str, processes: Sequence[Any], deadline: float) -> list[dict[str, Any]]:
    """What each process of a kind says at its end; a process that died says nothing, which is an error."""
    parts: list[dict[str, Any]] = []
    while len(parts) < len(processes):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the race did not end in time: {len(parts)} of {len(processes)} are done: {kind}")
        try:
            part = told.get(timeout=1.0)
        except Exception:  # noqa: BLE001 - multiprocessing's own Empty, from whichever queue module it uses
            if any(process.exitcode not in {None, 0} for process in processes):
                raise RuntimeError(f"a process of the race died (its task: {kind})") from None
            continue
        if "error" in part:
            raise RuntimeError(part["error"])
        assert part["kind"] == kind
        parts.append(part)
    return parts


def violates(slate: Seen, intervals: Mapping[int, list[tuple[float, float]]]) -> bool:
    """Whether a slate holds a product that was gone all the while.

    intervals: a product's number -> when it was gone, in order of time.
    """
    asked, answered, products = slate
    for product in products:
        spans = intervals.get(product, [])
        place = bisect_right(spans, (asked, float("inf"))) - 1
        if place >= 0 and spans[place][0] < asked and answered < spans[place][1]:
            return True
    return False


def _read(shop: Shopfront, slates: int, seed: int, told: Any) -> None:
    draw = random.Random(seed)
    client = Client(shop.port)
    numbers = {product.encode(): number for number, product in enumerate(shop.products)}
    seen: list[Seen] = []
    try:
        for _ in range(slates):
            path = f"/v1/slates?shop={shop.key}&placement={draw.choice(PLACEMENTS)}&count=48"
            if draw.random() < 0.7:
                path += f"&product={draw.choice(shop.products)}"
            if draw.random() < 0.3:
                path += f"&cart={draw.choice(shop.products)}"
            asked = time.monotonic()
            status, body = client.send(get_bytes(path))
            answered = time.monotonic()
            _must_be_ok(status, body)
            seen.append((asked, answered, array("H", [numbers[each] for each in PRODUCT.findall(body)])))
        told.put({"kind": "read", "slates": seen})
    except Exception as error:  # noqa: BLE001 - told to the parent, which raises it
        told.put({"error": f"reading: {error!r}"})


def _must_be_ok(status: int, body: bytes) -> None:
    if status != 200:
        raise RuntimeError(f"the server answered {status}: {body[:200]!r}")


class _Writer:
    def __init__(self, shop: Shopfront, number: int, writers: int, seed: int) -> None:
        self._shop = shop
        self._draw = random.Random(seed + number)
        self._client = Client(shop.port)
        self._mine = [place for place in range(len(shop.products)) if place % writers == number]
        self._prefix = f"{seed}-{number}-{time.time_ns()}"
        self._clock = datetime.now(UTC)
        self.deliveries = 0
        self.spans: dict[int, list[tuple[float, float]]] = {}

    def round(self) -> None:
        """Empty a product, repeat and contradict it with old news, wait a little, and fill it again."""
        place = self._draw.choice(self._mine)
        item = self._shop.inventory_items[place]
        self._clock += timedelta(seconds=10)
        emptied_at = self._clock
        emptying = self._request(item, 0, emptied_at)
        old_news = [
            self._request(item, self._draw.randint(1, 50), emptied_at - timedelta(seconds=self._draw.randint(1, 9)))
            for _ in range(self._draw.randint(0, 2))
        ]
        if old_news and self._draw.random() < 0.5:
            self._send(old_news.pop())
        self._send(emptying)
        gone_from = time.monotonic()
        for late in [*old_news, *([emptying] if self._draw.random() < 0.5 else [])]:
            self._send(late)
        time.sleep(self._draw.random() * 0.02)
        gone_until = time.monotonic()
        self.spans.setdefault(place, []).append((gone_from, gone_until))
        self._send(self._request(item, self._draw.randint(1, 50), emptied_at + timedelta(seconds=1)))

    def _request(self, item: str, pieces: int, at: datetime) -> bytes:
        self.deliveries += 1
        level = {"inventory_item": item, "location": "shop", "available": pieces, "updated_at": at.isoformat()}
        body = json.dumps(level).encode()
        headers = {
            "X-Shelfwise-Topic": "inventory.updated",
            "X-Shelfwise-Delivery-Id": f"{self._prefix}-{self.deliveries}",
            "X-Shelfwise-Signature": sign(self._shop.secret, body),
        }
        return post_bytes(f"/webhooks/direct/{self._shop.key}", body, headers)

    def _send(self, request: bytes) -> None:
        _must_be_ok(*self._client.send(request))


def _write(shop: Shopfront, number: int, writers: int, seed: int, stop: Any, told: Any) -> None:
    writer = _Writer(shop, number, writers, seed)
    try:
        while not stop.is_set():
            writer.round()
        told.put({"kind": "write", "spans": writer.spans, "deliveries": writer.deliveries})
    except Exception as error:  # noqa: BLE001 - told to the parent, which raises it
        told.put({"error": f"writing: {error!r}"})
