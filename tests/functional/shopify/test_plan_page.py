"""The app's home page says which plan the shop is on, and leads to the page where Shopify lets the merchant choose."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from integration.services.secrets import Vault
from integration.services.set_up import set_up
from integration.services.shopify.billing import bill, due
from integration.settings import Settings
from integration.storage.database import Database
from tests.conftest import NOW
from tests.functional.shopify.conftest import Play


@pytest.fixture
def hosted(settings: Settings, play: Play) -> Settings:
    """Settings of somebody who bills."""
    partners = play.platform.partners
    assert partners is not None
    return replace(
        play.settings(settings), shopify_partner_id=partners.organization, shopify_partner_token=partners.token
    )


def home(client: FlaskClient, play: Play, **more: str) -> str:
    """The home page as the merchant opens it in the admin."""
    answer = client.get("/shopify/app", query_string={"id_token": play.id_token(), "shop": play.shop, **more})
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_a_self_hosted_app_shows_no_plan(settings: Settings, play: Play, make_app: Callable[[Settings], Flask]) -> None:
    play.install()
    assert "plan" not in home(make_app(play.settings(settings)).test_client(), play, plan_handle="growth").lower()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_from_the_home_page_to_a_chosen_plan_and_back(
    database: Database, hosted: Settings, play: Play, make_app: Callable[[Settings], Flask]
) -> None:
    play.install()
    client = make_app(hosted).test_client()
    first = home(client, play)
    assert "<strong>Free</strong>" in first
    (page,) = re.findall(r'href="([^"]+/pricing_plans)"', first)
    set_up(database, Vault(hosted.secret_keys), hosted, 1)
    requests.post(page, data={"plan": "growth"}, timeout=5, allow_redirects=False)
    back = home(client, play, plan_handle="growth")
    assert "<strong>Free</strong>" in back, "what the address says is not believed"
    assert "Shopify is asked" in back
    assert due(database, hosted, NOW) == [1]
    bill(database, hosted, 1, NOW)
    after = home(client, play)
    assert "<strong>Growth</strong>, free of charge until" in after
    assert "Shopify is asked" not in after
