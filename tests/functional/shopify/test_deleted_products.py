"""What a shop deleted while no webhook arrived is found when it is asked what changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors.base import Access
from connectors.records import RecordKind, Removed
from connectors.shopify.reader import ShopReader
from tests.functional.shopify.conftest import Play


@pytest.fixture
def reader(play: Play) -> ShopReader:
    token = play.token()
    return ShopReader(Access(play.shop, f"{play.url}/{play.shop}", lambda: token, lambda _seconds: None))


def removed(reader: ShopReader, since: datetime | None) -> list[str]:
    pages = reader.read("products", position="", since=since)
    changes = [each for page in pages for each in page.changes if isinstance(each, Removed)]
    assert all(each.kind is RecordKind.PRODUCT for each in changes)
    return [each.external_id for each in changes]


def test_each_product_that_is_gone_is_told_as_removed(play: Play, reader: ShopReader) -> None:
    first, second, *_ = play.state.products
    play.state.delete_product(first)
    play.state.delete_collection(next(iter(play.state.collections)))
    play.state.delete_product(second)
    assert removed(reader, datetime.now(UTC) - timedelta(hours=1)) == [str(first), str(second)]


def test_what_was_gone_before_is_not_told_again(play: Play, reader: ShopReader) -> None:
    play.state.delete_product(next(iter(play.state.products)))
    assert removed(reader, datetime.now(UTC) + timedelta(hours=1)) == []
