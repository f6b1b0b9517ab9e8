"""The page that shows how connecting goes on: the tests of the keys, then what is read, then what is left to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response
from sqlalchemy import Row

from integration.services.progress import State, Step
from integration.services.shops import key_of_shop
from integration.services.woocommerce.state import Standing, standing
from integration.services.woocommerce.words import TESTS
from integration.web.services import services
from integration.web.woocommerce import pages

# Keys come before the merchant does; a while after that they are not expected any more.
LATE = timedelta(seconds=45)


def progress_page(attempt: Row[Any]) -> Response:
    """How far an attempt is."""
    here = services()
    back = attempt.return_to
    if attempt.failure:
        return _failed(attempt)
    if attempt.shop_id is not None:
        key = key_of_shop(here.database, attempt.shop_id)
        return _connected(attempt, standing(here.database, attempt.shop_id, key, here.clock()))
    late = here.clock() - (attempt.keys_at or attempt.started_at) > LATE
    if not attempt.keys_hash and here.clock() - attempt.started_at > LATE:
        return _no_keys(attempt)
    status = "Your shop's keys are tested." if attempt.keys_hash else "Waiting for your shop to hand its keys over."
    if late:
        status += " It takes longer than usual; it goes on by itself."
    steps = _tests(attempt)
    return pages.page(
        "progress.html", title="Connecting your shop", status=status, steps=steps, moving=True, return_to=back
    )


def _tests(attempt: Row[Any]) -> list[Step]:
    """The tests, those that were passed and the one that runs."""
    steps, before = [], True
    for name, (title, detail) in TESTS.items():
        done = attempt.shop_id is not None or name in attempt.done
        state = State.DONE if done else State.DOING if before and attempt.keys_hash else State.WAITING
        steps.append(Step(name, title, state, detail if done else "Your shop is asked."))
        before = done
    return steps


def _connected(attempt: Row[Any], found: Standing) -> Response:
    steps = [*_tests(attempt), *_set_up(found), *found.steps]
    moving = not found.set_up or any(step.state in {State.DOING, State.WAITING} for step in steps)
    status = "Your shop is connected. It is read now, and recommendations follow by themselves."
    return pages.page(
        "progress.html",
        title="Your shop is connected",
        status=status if moving else "Your shop is connected, and Shelfwise is at work.",
        steps=steps,
        moving=moving,
        return_to=attempt.return_to,
        plugin_missing=found.set_up and not found.plugin,
    )


def _set_up(found: Standing) -> list[Step]:
    title = "Listen to what changes"
    if not found.set_up:
        return [Step("webhooks", title, State.DOING, "Webhooks are made in your shop.")]
    if found.trouble:
        return [Step("webhooks", title, State.FAILED, " ".join(found.trouble))]
    return [Step("webhooks", title, State.DONE, "Your shop tells Shelfwise what changes.")]


def _failed(attempt: Row[Any]) -> Response:
    browser = pages.browser()
    return pages.problem(
        attempt.failure,
        200,
        said=attempt.reason,
        retest=attempt.id if attempt.api_keys is not None else 0,
        check=pages.check_of(browser),
        again=pages.own("/woocommerce/connect", site=attempt.site, **{"return": attempt.return_to}),
        keys_link=pages.own("/woocommerce/connect/keys", site=attempt.site, **{"return": attempt.return_to}),
        return_to=attempt.return_to,
    )


def _no_keys(attempt: Row[Any]) -> Response:
    return pages.told(
        "Your shop's keys did not arrive",
        "You agreed, but your shop's server could not hand the keys over: its host may not let it call others.",
        "Connect with keys that you make yourself; that works everywhere.",
        200,
        again=pages.own("/woocommerce/connect", site=attempt.site, **{"return": attempt.return_to}),
        keys_link=pages.own("/woocommerce/connect/keys", site=attempt.site, **{"return": attempt.return_to}),
        return_to=attempt.return_to,
    )
