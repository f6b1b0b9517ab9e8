"""Where a shop sells: countries that its markets treat alike, of which one is asked for all."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

import msgspec

from connectors.records import Money

log = logging.getLogger(__name__)

# A shop with local currencies has a price for each of them; so many are asked for, beginning with the widest spread.
MOST_COUNTRIES_ASKED = 50
REST = ""

Alike = Mapping[str, tuple[str, ...]]


class Currency(msgspec.Struct, frozen=True, rename="camel"):
    """The money of a country."""

    currency_code: str


class CountryNode(msgspec.Struct, frozen=True, rename="camel"):
    """A country of a market. Both are None for a region that is no country."""

    code: str | None = None
    currency: Currency | None = None


class Regions(msgspec.Struct, frozen=True):
    """The countries of a market."""

    nodes: tuple[CountryNode, ...] = ()


class RegionsCondition(msgspec.Struct, frozen=True):
    """What makes a shopper belong to a market by where they are."""

    regions: Regions


class Conditions(msgspec.Struct, frozen=True, rename="camel"):
    """What makes a shopper belong to a market."""

    regions_condition: RegionsCondition | None = None


class MarketNode(msgspec.Struct, frozen=True):
    """A market."""

    id: str
    status: str
    conditions: Conditions | None = None

    @property
    def countries(self) -> Iterable[CountryNode]:
        """Its countries, where it has any and is open."""
        condition = self.conditions.regions_condition if self.conditions and self.status == "ACTIVE" else None
        return [each for each in condition.regions.nodes if each.code] if condition else ()


def alike(markets: Iterable[MarketNode]) -> dict[str, tuple[str, ...]]:
    """A country to ask for -> all countries that belong to the same markets and pay in the same money.

    Under REST stand the countries that are asked for nothing.
    """
    member: dict[str, tuple[set[str], str]] = {}
    for market in markets:
        for country in market.countries:
            money = country.currency.currency_code if country.currency else ""
            member.setdefault(country.code or "", (set(), money))[0].add(market.id)
    groups: dict[tuple[frozenset[str], str], list[str]] = {}
    for code, (ids, money) in sorted(member.items()):
        groups.setdefault((frozenset(ids), money), []).append(code)
    widest = sorted(groups.values(), key=lambda codes: (-len(codes), codes))
    asked = {codes[0]: tuple(codes) for codes in widest[:MOST_COUNTRIES_ASKED]}
    if rest := [code for codes in widest[MOST_COUNTRIES_ASKED:] for code in codes]:
        log.warning("Shopify: prices in %d countries are not read", len(rest))
        asked[REST] = tuple(sorted(rest))
    return asked


def sold_in(published: Mapping[str, bool], like: Alike) -> tuple[str, ...] | None:
    """The countries where a product is sold; None where that is all of them.

    published: whether it is published in each country that was asked. Where nobody asked, it counts as sold.
    """
    if all(published.values()):
        return None
    sold = {code for country, there in published.items() if there for code in like.get(country, (country,))}
    return tuple(sorted(sold.union(like.get(REST, ()))))


def prices_in(prices: Mapping[str, Money | None], base: Money, like: Alike) -> dict[str, Money]:
    """What something costs, by country, wherever that is not its usual price."""
    return {
        code: price
        for country, price in prices.items()
        if price is not None and price != base
        for code in like.get(country, (country,))
    }
