"""A shop's product graph: what it is learnt from, where its vectors lie, and what happens without PyTorch."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import numpy as np
import pytest
from click.testing import CliRunner, Result
from redis import Redis

from integration.cli import main
from integration.clock import system_clock
from integration.jobs.context import Job
from integration.jobs.graph import learn_after_a_fit, learn_shop
from integration.jobs.queues import connect, enqueue, is_announced
from integration.services.behaviour import Event, Events, record
from integration.services.graph import NothingToRelate, learn_graph, load_vectors, read_told, vectors_path
from integration.services.training import train
from integration.settings import Settings
from integration.storage.base import from_micros
from integration.storage.catalogue import Product
from integration.storage.database import Database
from integration.storage.upsert import table_of
from tests.making import START, make_shop, order, stock, write
from tests.trading import PRODUCTS

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
with_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed: `make setup-graph`"
)
NOW = START + timedelta(days=3)


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@pytest.fixture
def some_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)


@pytest.fixture
def environ(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("data_dir", "database_url", "redis_url", "secret_keys"):
        monkeypatch.setenv(f"SHELFWISE_{name.upper()}", str(getattr(settings, name)))


@pytest.fixture
def shelfwise(environ: None) -> Callable[..., Result]:
    return lambda *arguments: CliRunner().invoke(main, arguments)


@pytest.fixture
def job(settings: Settings, database: Database) -> Iterator[Job]:
    redis: Redis = connect(settings)
    with closing(redis):
        yield Job(settings, database, redis)


def visit(database: Database, visitor: str, products: list[str], kind: str = "view") -> None:
    """A visitor of the shop looks at some products, one a minute."""
    events = [
        Event(id=f"{visitor}-{place}", kind=kind, at=NOW + timedelta(minutes=place), product=product)  # type: ignore[arg-type]
        for place, product in enumerate(products)
    ]
    batch = Events(shop="demo", consent=True, events=events, visitor=visitor)
    assert record(database, batch, now=NOW + timedelta(hours=1), session_minutes=30).kept == len(products)


def numbers(database: Database, product_ids: np.ndarray) -> dict[int, str]:
    """The store's product numbers -> their external ids."""
    product = table_of(Product)
    with database.read() as connection:
        return {row.id: row.external_id for row in connection.execute(product.select())}


def test_visits_and_orders_are_read_as_sessions_in_the_order_of_their_clicks(
    database: Database, settings: Settings
) -> None:
    shop_id = make_shop(database, settings)
    stock(database, shop_id, range(1, 6))
    write(database, shop_id, [order(1, [3, 1])])
    visit(database, "visitor-1", ["p2", "p5", "p2"])
    visit(database, "visitor-2", ["p4"], kind="cart_add")
    visit(database, "visitor-3", ["p1"], kind="impression")
    told = read_told(database, shop_id)
    names = numbers(database, told.product_ids)
    lines = {number: told.session == number for number in dict.fromkeys(told.session.tolist())}
    sessions = [[names[int(told.product_ids[row])] for row in told.item[of]] for of in lines.values()]
    assert sorted(sessions) == [["p2", "p5", "p2"], ["p3", "p1"], ["p4"]]
    assert told.ordered.sum() == 2


def test_types_and_vendors_relate_products(database: Database, settings: Settings) -> None:
    shop_id = make_shop(database, settings)
    stock(database, shop_id, [1, 2], vendor="Alder", product_type="Cup")
    stock(database, shop_id, [3], vendor="Birch")
    write(database, shop_id, [order(1, [1, 2])])
    types, vendors = read_told(database, shop_id).traits
    assert types[0] == types[1] >= 0
    assert types[2] == -1
    assert vendors[0] == vendors[1] != vendors[2]


def test_another_shops_visits_are_never_read(database: Database, settings: Settings) -> None:
    make_shop(database, settings)
    stock(database, 1, [1, 2])
    visit(database, "visitor-1", ["p1", "p2"])
    other = make_shop(database, settings, "other")
    stock(database, other, [1, 2])
    with pytest.raises(NothingToRelate):
        read_told(database, other)


def test_a_shop_whose_every_order_holds_one_product_has_no_graph(database: Database, settings: Settings) -> None:
    shop_id = make_shop(database, settings)
    stock(database, shop_id, [1, 2])
    write(database, shop_id, [order(1, [1]), order(2, [2])])
    with pytest.raises(NothingToRelate, match="two products"):
        read_told(database, shop_id)


def test_without_vectors_there_is_nothing_to_load(settings: Settings) -> None:
    assert load_vectors(vectors_path(settings, 7)) is None


def test_damaged_vectors_are_as_good_as_none(settings: Settings) -> None:
    path = vectors_path(settings, 7)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PK\x03\x04 but no more")
    assert load_vectors(path) is None


def test_without_pytorch_the_command_says_what_to_install(
    shelfwise: Callable[..., Result], shop_id: int, no_torch: None
) -> None:
    said = shelfwise("graph", "--shop", "demo")
    assert said.exit_code == 1
    assert "needs PyTorch" in said.output
    assert "make setup-graph" in said.output
    assert "Traceback" not in said.output


def test_without_pytorch_the_job_ends_with_the_same_sentence(environ: None, shop_id: int, no_torch: None) -> None:
    assert "make setup-graph" in learn_shop(shop_id)


def test_a_wrong_call_gets_one_sentence(shelfwise: Callable[..., Result], shop_id: int) -> None:
    assert "say which shop" in shelfwise("graph").output
    assert "there is no shop 'nobody'" in shelfwise("graph", "--shop", "nobody").output


def test_the_command_can_leave_it_to_a_worker(shelfwise: Callable[..., Result], shop_id: int) -> None:
    assert "enqueued" in shelfwise("graph", "--shop", "demo", "--queue").output
    assert "queue graph: 1 waiting" in shelfwise("status").output


def test_a_fit_is_followed_by_learning_where_pytorch_is(job: Job, some_torch: None) -> None:
    assert learn_after_a_fit(job, 7)
    assert not learn_after_a_fit(job, 7)
    assert is_announced(job.redis, "graph", 7)


def test_a_fit_is_followed_by_nothing_where_pytorch_is_not(job: Job, no_torch: None) -> None:
    assert not learn_after_a_fit(job, 7)
    assert not is_announced(job.redis, "graph", 7)


@pytest.mark.parametrize(("hours", "again"), [(1, False), (24, True)])
def test_learning_is_for_once_a_day(job: Job, some_torch: None, hours: float, again: bool) -> None:
    path = vectors_path(job.settings, 7)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    written = (system_clock() - timedelta(hours=hours)).timestamp()
    os.utime(path, (written, written))
    assert learn_after_a_fit(job, 7) is again


@with_torch
def test_the_job_leaves_vectors_of_every_product_now_and_before_the_last_weeks(
    environ: None, job: Job, database: Database, settings: Settings, shop_id: int
) -> None:
    enqueue(job.redis, "graph", shop_id)
    assert learn_shop(shop_id) == "learnt"
    assert not is_announced(job.redis, "graph", shop_id)
    found = load_vectors(vectors_path(settings, shop_id))
    assert found is not None
    assert len(found.now) == len(found.past) == PRODUCTS
    assert not np.array_equal(found.now.vectors, found.past.vectors)
    assert 0 < found.cut < read_told(database, shop_id).time.max()


@with_torch
def test_what_lies_behind_the_cut_has_no_part_in_the_past(database: Database, settings: Settings, shop_id: int) -> None:
    before = load_vectors(learn_graph(database, settings, shop_id))
    assert before is not None
    newest = from_micros(int(read_told(database, shop_id).time.max()))
    write(database, shop_id, [order(5000 + n, [1, 32], at=newest - timedelta(minutes=n)) for n in range(1, 40)])
    after = load_vectors(learn_graph(database, settings, shop_id))
    assert after is not None
    assert before.cut == after.cut
    assert np.array_equal(before.past.vectors, after.past.vectors)
    assert not np.array_equal(before.now.vectors, after.now.vectors)


@with_torch
def test_learning_that_breaks_leaves_the_vectors_that_were_there(
    database: Database, settings: Settings, shop_id: int
) -> None:
    path = learn_graph(database, settings, shop_id)
    before = path.read_bytes()

    def broken(_stage: str, share: float) -> None:
        if share > 0.6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn_graph(database, settings, shop_id, progress=broken)
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_fits_that_tidy_up_leave_the_vectors_alone(database: Database, settings: Settings, shop_id: int) -> None:
    path = vectors_path(settings, shop_id)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"vectors")
    train(database, settings, shop_id, trigger="hand")
    assert path.read_bytes() == b"vectors"
