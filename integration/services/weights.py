"""A shop's weights: what they are, how they are changed, and what each costs in clicks on the shop's own orders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection, select, update

from integration.services.market_shelf import MarketShelf
from integration.services.shelf_traits import traits
from integration.services.shops import UnknownShop, get_shop
from integration.services.training import NoOrders
from integration.settings import Settings
from integration.storage.catalogue import Product
from integration.storage.database import Database
from integration.storage.shelf_rows import changed_since, refunds_by_product
from integration.storage.shops import Shop
from integration.storage.training_data import TrainingData, read_training_data
from integration.storage.upsert import table_of
from recommender import training
from recommender.backtests.splits import Cases, before, cases_within, days_that_hold, last_days
from recommender.backtests.verdict import FEWEST_CASES
from recommender.blend.business import BOOSTS, TRAITS, BusinessWeights, Traits, check_boost
from recommender.blend.costs import stated_costs
from recommender.interactions import orders_of, user_rows
from recommender.model import Model
from recommender.parameters import Parameters

SHOP, PRODUCT = table_of(Shop), table_of(Product)
READ, FITTED = 0.05, 0.7
Progress = Callable[[str, float], None]


class UnknownProduct(Exception):
    """The shop has no product with this id on its platform."""

    def __init__(self, key: str, product: str) -> None:
        super().__init__(f"{key} has no product {product!r}; a product goes by the id that its platform gave it")


class TooFewOrders(Exception):
    """What weights cost can't be measured yet; the message says what is missing."""

    def __init__(self, cases: int) -> None:
        super().__init__(
            f"the shop's last weeks hold {cases} orders of two or more products; it takes {FEWEST_CASES} to say what "
            "a weight costs"
        )


@dataclass(frozen=True, slots=True)
class InUse:
    """A shop's weights. boosted: title and id on the platform of each product with a boost, by our product number."""

    weights: BusinessWeights
    boosted: Mapping[int, tuple[str, str]]

    def as_dict(self) -> dict[str, Any]:
        """Plain data, with boosts by the products' ids on the platform."""
        plain = self.weights.as_dict()
        if plain.pop(BOOSTS, None):
            plain[BOOSTS] = {named: self.weights.boosts[product] for product, (_, named) in self.boosted.items()}
        return plain


def in_use(database: Database, key: str) -> InUse:
    """The weights that the shop's slates are made with. Raises UnknownShop, and BadWeights where they were spoilt."""
    shop = get_shop(database, key)
    database = database.of(shop.id)
    weights = BusinessWeights.from_dict(shop.weights)
    named = select(PRODUCT.c.id, PRODUCT.c.title, PRODUCT.c.external_id).where(
        PRODUCT.c.shop_id == shop.id, PRODUCT.c.id.in_(list(weights.boosts))
    )
    with database.read() as connection:
        rows = connection.execute(named.order_by(PRODUCT.c.id)).all() if weights.boosts else []
    return InUse(weights, {row.id: (row.title, row.external_id) for row in rows})


def change(
    database: Database, key: str, *, values: Mapping[str, float], boosts: Mapping[str, float], reset: bool = False
) -> None:
    """Change some of a shop's weights; the next slate of every process follows them.

    values: by name, 0 to take one away. boosts: by the product's id on its platform, 1 to take one away. reset: begin
    from none. Raises UnknownShop, UnknownProduct, BadWeights; then nothing is changed.
    """
    for product, factor in boosts.items():
        check_boost(product, factor)
    with database.of(get_shop(database, key).id).write() as connection:
        now = select(SHOP.c.id, SHOP.c.weights).where(SHOP.c.key == key).with_for_update()
        row = connection.execute(now).first()
        if row is None:
            raise UnknownShop(key)
        before = BusinessWeights() if reset else BusinessWeights.from_dict(row.weights)
        boosted = {_product(connection, row.id, key, product): factor for product, factor in boosts.items()}
        merged = {product: factor for product, factor in {**before.boosts, **boosted}.items() if factor != 1}
        after = BusinessWeights.from_dict({**before.as_dict(), **values, BOOSTS: merged})
        connection.execute(update(SHOP).where(SHOP.c.id == row.id).values(weights=after.as_dict() or None))


def _product(connection: Connection, shop_id: int, key: str, external_id: str) -> int:
    wanted = select(PRODUCT.c.id).where(PRODUCT.c.shop_id == shop_id, PRODUCT.c.external_id == external_id)
    found = connection.execute(wanted).scalar_one_or_none()
    if found is None:
        raise UnknownProduct(key, external_id)
    return int(found)


def costs(database: Database, settings: Settings, key: str, *, progress: Progress) -> dict[str, Any]:
    """What each weight would have cost in the shop's last weeks, see `blend.costs`; plain data.

    The model that is asked is fitted on what lies before those weeks. progress: told the stage and the share of the
    work that is done, 0 to 1. Raises UnknownShop, NoOrders, TooFewOrders.
    """
    progress("reading", 0.0)
    weights = in_use(database, key).weights
    shop_id = get_shop(database, key).id
    database = database.of(shop_id)
    data = read_training_data(database, shop_id)
    if not len(data.purchases):
        raise NoOrders
    parameters = Parameters(factors=settings.factors, iterations=settings.iterations)
    cases, cut = _held_out(data, parameters)
    if len(cases) < FEWEST_CASES:
        raise TooFewOrders(len(cases))
    orders, order = orders_of(data.purchases, len(data.catalogue))
    past = data.purchases.where(before(orders, order, cut))
    model = training.fit(
        past,
        data.catalogue,
        parameters,
        serving=None,
        serving_until=None,
        progress=lambda stage, share: progress(stage, READ + (FITTED - READ) * share),
    ).model
    progress("weighing", FITTED)
    found = stated_costs(
        model,
        data.catalogue,
        cases,
        _traits(database, shop_id, model),
        in_use=weights,
        seed=parameters.seed,
        told=lambda share: progress("weighing", FITTED + (1 - FITTED) * share),
    )
    progress("done", 1.0)
    return found


def _held_out(data: TrainingData, parameters: Parameters) -> tuple[Cases, int]:
    """The orders of the last weeks as cases, and where those weeks begin."""
    orders, order = orders_of(data.purchases, len(data.catalogue))
    largest = parameters.largest_basket
    days = days_that_hold(orders, parameters.held_out_days, FEWEST_CASES, largest)
    cut = last_days(data.purchases.time, days)
    users, _ = user_rows(data.purchases, order, orders.sizes, largest)
    span = (cut, int(data.purchases.time.max()) + 1)
    cases = cases_within(
        data.purchases, orders, order, users, span, largest=largest, at_most=parameters.cases, seed=parameters.seed
    )
    return cases, cut


def _traits(database: Database, shop_id: int, model: Model) -> Traits:
    """Today's traits of all products of the catalogue; of those that have left the shop none is known."""
    shelf = MarketShelf(None, 0, back_soon=False)
    with database.read() as connection:
        # In whatever market it is sold: a trait is a product's own.
        everywhere = [replace(product, markets=None) for product in changed_since(connection, shop_id, -1)]
        shelf.update(everywhere, None, None)
        refunds = refunds_by_product(connection, shop_id)
    known = traits(shelf.facts, model, refunds)
    _, at, rows = np.intersect1d(model.product_ids, known.product_ids, assume_unique=True, return_indices=True)
    values = {}
    for name in TRAITS:
        values[name] = np.full(len(model), np.nan)
        values[name][at] = known.values[name][rows]
    return Traits(model.product_ids, values)
