"""The embedded admin: every page and call says who asks by an ID token, and shows only in that shop's admin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from integration.clock import Clock, system_clock
from integration.services import access, readings, set_up
from integration.services.secrets import Vault
from integration.services.shopify.theme_editor import places
from integration.settings import Settings
from integration.storage.access_writes import CONNECTION, SHOP, TOKEN
from integration.storage.database import Database
from integration.web.services import KEY, Services
from tests.functional.conftest import AppMaker
from tests.functional.shopify.conftest import Play
from tests.making import make_shop

HOME = "/shopify/app"
API = "/shopify/app/api/progress"
RETRY = "X-Shopify-Retry-Invalid-Session-Request"


@pytest.fixture
def ours(play: Play, settings: Settings) -> Settings:
    return play.settings(settings)


@pytest.fixture
def database_url(_sqlite_copies: Callable[[], tuple[str, Callable[[], None]]]) -> Iterator[str]:
    """SQLite alone: what the pages ask of the store is tried on both kinds elsewhere."""
    url, remove = _sqlite_copies()
    yield url
    remove()


@pytest.fixture
def clock() -> Clock:
    """That of this machine: the played Shopify goes by it."""
    return system_clock


@pytest.fixture
def app(ours: Settings, make_app: AppMaker) -> Flask:
    return make_app(ours)


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    """Without cookies, as a browser's private window."""
    with app.test_client(use_cookies=False) as client:
        yield client


def opened(client: FlaskClient, play: Play, token: str | None = None, path: str = HOME, **query: str) -> TestResponse:
    known = {"shop": play.shop, "host": "YWRtaW4", "embedded": "1", **query}
    id_token = play.id_token() if token is None else token
    return client.get(path, query_string={**known, "id_token": id_token} if id_token else known)


def shops(database: Database) -> list[tuple[str, str, bool]]:
    with database.read() as connection:
        statement = sa.select(SHOP.c.key, CONNECTION.c.external_id, SHOP.c.uninstalled_at)
        rows = connection.execute(statement.join(CONNECTION, CONNECTION.c.shop_id == SHOP.c.id).order_by(SHOP.c.id))
        return [(row.key, row.external_id, row.uninstalled_at is None) for row in rows]


def test_the_first_opening_makes_the_shop_and_its_set_up_learns_what_it_is_called(
    client: FlaskClient, play: Play, database: Database, ours: Settings
) -> None:
    play.install()
    assert opened(client, play).status_code == 200
    assert shops(database) == [("fern-and-ladle", play.shop, True)]
    assert set_up.due(database, ours, datetime.now(UTC)) == [1]
    assert set_up.set_up(database, Vault(ours.secret_keys), ours, 1) == {}
    with database.read() as connection:
        shop = connection.execute(sa.select(SHOP)).one()
        details = connection.execute(sa.select(CONNECTION.c.details)).scalar_one()
    assert (shop.name, shop.currency) == (play.state.name, play.state.currency)
    assert details["shop"].startswith("gid://shopify/Shop/")
    assert details["installation"].startswith("gid://shopify/AppInstallation/")
    assert play.state.installation is not None
    assert play.state.installation.pixel
    assert set_up.due(database, ours, datetime.now(UTC) + timedelta(days=6)) == []
    assert set_up.due(database, ours, datetime.now(UTC) + timedelta(days=8)) == [1]


def test_set_up_and_reading_are_announced_at_once_and_a_second_opening_asks_for_nothing(
    app: Flask, client: FlaskClient, play: Play
) -> None:
    announced: list[tuple[str, int]] = []
    services: Services = app.extensions[KEY]
    app.extensions[KEY] = replace(services, announce=lambda name, shop_id: announced.append((name, shop_id)))
    play.install()
    opened(client, play)
    assert announced == [("set-up", 1), ("read", 1)]
    given = len(play.platform.tokens._access)
    assert opened(client, play).status_code == 200
    assert len(play.platform.tokens._access) == given
    assert len(announced) == 2


def test_a_key_that_another_shop_has_gets_a_number(
    client: FlaskClient, play: Play, database: Database, ours: Settings
) -> None:
    make_shop(database, ours, "fern-and-ladle")
    play.install()
    opened(client, play)
    assert shops(database)[1][0] == "fern-and-ladle-2"


def test_a_step_that_fails_holds_no_other_one_up_and_is_tried_again_ever_more_rarely(
    client: FlaskClient, play: Play, database: Database, ours: Settings
) -> None:
    play.install("read_products", "read_themes")
    opened(client, play)
    vault, now = Vault(ours.secret_keys), datetime.now(UTC)
    assert set(set_up.set_up(database, vault, ours, 1, clock=lambda: now)) == {"pixel"}
    assert set_up.due(database, ours, now + timedelta(seconds=59)) == []
    assert set_up.due(database, ours, now + timedelta(seconds=61)) == [1]
    set_up.set_up(database, vault, ours, 1, clock=lambda: now)
    assert set_up.due(database, ours, now + timedelta(seconds=119)) == []
    page = opened(client, play).text
    assert "was not allowed all that it asked for" in page
    assert "read_orders" in page


def test_an_uninstall_forgets_the_tokens_and_a_new_opening_brings_the_same_shop_back(
    app: Flask, client: FlaskClient, play: Play, database: Database, ours: Settings
) -> None:
    from integration.services.drain import drain

    play.connect(app)
    play.install()
    opened(client, play)
    play.uninstall()
    play.wait_for_webhooks()
    while drain(database, 1, now=datetime.now(UTC)):
        pass
    assert shops(database) == [("fern-and-ladle", play.shop, False)]
    with database.read() as connection:
        assert connection.execute(sa.select(TOKEN)).first() is None
    play.install()
    assert opened(client, play).status_code == 200
    assert shops(database) == [("fern-and-ladle", play.shop, True)]
    assert access.access_to(database, Vault(ours.secret_keys), ours, 1).token()
    assert {(each.kind, each.whole) for each in readings.progress(database, 1)} == {
        (kind, True) for kind in ("stock", "products", "orders")
    }


def test_a_page_shows_in_this_shops_admin_alone_and_sets_no_cookie(client: FlaskClient, play: Play) -> None:
    play.install()
    page = opened(client, play)
    policy = page.headers["Content-Security-Policy"]
    ancestors = policy.partition(";")[0].split()
    assert ancestors[:3] == ["frame-ancestors", f"https://{play.shop}", "https://admin.shopify.com"]
    assert "Set-Cookie" not in page.headers
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"


def test_app_bridge_is_the_first_script_of_every_page_and_knows_the_app(client: FlaskClient, play: Play) -> None:
    play.install()
    pages = [opened(client, play).text, opened(client, play, path=f"{HOME}/nowhere").text]
    for page in pages:
        head = page.partition("</head>")[0]
        assert f'<meta name="shopify-api-key" content="{play.client_id}">' in head
        assert head.index("app-bridge.js") == min(place for place in [head.find(".js")] if place > 0) - len(
            "app-bridge"
        )
    assert "<s-app-nav>" in pages[0]
    assert play.id_token().partition(".")[0] not in pages[0]


def test_in_production_app_bridge_comes_from_shopify(play: Play, ours: Settings, make_app: AppMaker) -> None:
    live = make_app(replace(ours, shopify_play_url="")).test_client()
    page = live.get(f"{HOME}/nowhere", query_string={"shop": play.shop})
    assert 'src="https://cdn.shopify.com/shopifycloud/app-bridge.js"' in page.text
    assert play.url not in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "é"])
def test_a_page_without_a_good_token_leads_to_one_that_fetches_it(
    client: FlaskClient, play: Play, database: Database, token: str
) -> None:
    away = opened(client, play, token)
    assert away.status_code == 302
    bounce = client.get(away.headers["Location"])
    assert bounce.status_code == 200
    assert "app-bridge.js" in bounce.text
    assert f"https://{play.shop} " in bounce.headers["Content-Security-Policy"]
    target = parse_qs(urlsplit(away.headers["Location"]).query)["shopify-reload"][0]
    assert target.startswith(f"{HOME}?")
    assert "id_token" not in target
    assert shops(database) == []


def test_an_expired_token_and_one_of_another_shop_lead_there_too(client: FlaskClient, play: Play) -> None:
    play.install()
    assert opened(client, play, play.id_token(exp=1)).status_code == 302
    assert opened(client, play, shop="another-shop.myshopify.com").status_code == 302


def test_a_fresh_token_that_is_refused_ends_in_words_and_not_in_a_circle(client: FlaskClient, play: Play) -> None:
    away = opened(client, play, "wrong.wrong.wrong")
    target = parse_qs(urlsplit(away.headers["Location"]).query)["shopify-reload"][0]
    ended = client.get(f"{target}&id_token=wrong.wrong.wrong")
    assert ended.status_code == 401
    assert "client secret" in ended.text
    assert client.get(target).status_code == 302


@pytest.mark.parametrize(
    "query",
    [
        {"shop": "evil.example", "shopify-reload": HOME},
        {"shop": "fern.myshopify.com https://evil.example", "shopify-reload": HOME},
        {"shop": "fern.myshopify.com\r\nX: y", "shopify-reload": HOME},
        {"shop": "fern.myshopify.com", "shopify-reload": "https://evil.example"},
        {"shop": "fern.myshopify.com", "shopify-reload": "//evil.example"},
        {"shop": "fern.myshopify.com", "shopify-reload": "/\\evil.example"},
        {"shop": "fern.myshopify.com", "shopify-reload": f"{HOME}/..//evil.example"},
        {"shop": "fern.myshopify.com", "shopify-reload": f"{HOME}@evil.example"},
        {"shop": "fern.myshopify.com", "shopify-reload": f"{HOME}.evil.example"},
        {"shop": "fern.myshopify.com", "shopify-reload": "javascript:alert(1)"},
        {"shop": "fern.myshopify.com", "shopify-reload": '"><script>'},
        {"shop": "fern.myshopify.com"},
        {"shopify-reload": HOME},
    ],
)
def test_the_page_that_fetches_tokens_leads_to_our_pages_alone(client: FlaskClient, query: dict[str, str]) -> None:
    answer = client.get(f"{HOME}/session", query_string=query)
    assert answer.status_code == 403
    assert "evil" not in answer.text + str(answer.headers)
    assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"


def test_a_shop_that_is_named_twice_is_none(client: FlaskClient) -> None:
    address = f"{HOME}/session?shop=fern.myshopify.com&shop=evil.example&shopify-reload={HOME}"
    assert client.get(address).status_code == 403


def test_opened_outside_of_shopify_it_says_where_it_belongs(client: FlaskClient, play: Play) -> None:
    answer = client.get(HOME)
    assert answer.status_code == 403
    assert "Shopify admin" in answer.text
    moved = client.get(HOME, query_string={"shop": play.shop}, headers={"Sec-Fetch-Dest": "document"})
    assert moved.headers["Location"] == f"{play.url}/{play.shop}/admin/apps/shelfwise"


def test_a_call_with_a_good_token_is_answered(client: FlaskClient, play: Play) -> None:
    play.install()
    answer = client.get(API, headers={"Authorization": f"Bearer {play.id_token()}"})
    assert answer.status_code == 200
    assert answer.json is not None
    assert [step["key"] for step in answer.json["steps"]] == [
        "connected",
        "products",
        "orders",
        "learning",
        "lists",
        "widgets",
    ]
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer x", "Bearer a.b.c", "Basic eDp5", "Bearer é", "x" * 9000]
)
def test_a_call_without_a_good_token_is_refused_so_that_app_bridge_fetches_another(
    client: FlaskClient, header: str | None
) -> None:
    answer = client.get(API, headers={} if header is None else {"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers[RETRY] == "1"


def test_a_token_in_the_address_is_none_for_a_call(client: FlaskClient, play: Play) -> None:
    play.install()
    assert opened(client, play, path=API).status_code == 401


def test_shopify_being_away_is_said_in_the_frame_and_to_calls(make_app: AppMaker, play: Play, ours: Settings) -> None:
    away = make_app(replace(ours, shopify_play_url="http://127.0.0.1:9")).test_client()
    page = opened(away, play)
    assert page.status_code == 503
    assert "does not answer" in page.text
    assert f"https://{play.shop}" in page.headers["Content-Security-Policy"]
    call = away.get(API, headers={"Authorization": f"Bearer {play.id_token()}"})
    assert call.status_code == 503
    assert call.headers["Retry-After"]


def test_an_app_that_is_not_installed_gets_no_shop(client: FlaskClient, play: Play, database: Database) -> None:
    assert opened(client, play).status_code == 503
    assert shops(database) == []


def test_what_breaks_in_a_page_is_said_in_the_frame(
    client: FlaskClient, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    from integration.web.shopify import admin

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    play.install()
    monkeypatch.setattr(admin, "progress_of", broken)
    page = opened(client, play)
    assert page.status_code == 500
    assert "nothing of your shop is lost" in page.text
    assert f"https://{play.shop}" in page.headers["Content-Security-Policy"]
    call = client.get(API, headers={"Authorization": f"Bearer {play.id_token()}"})
    assert call.status_code == 500
    assert call.json is not None
    assert call.json["error"] == "internal_error"


def test_nothing_of_it_is_served_without_a_registered_app(settings: Settings, make_app: AppMaker) -> None:
    assert make_app(settings).test_client().get(HOME).status_code == 404


def test_looking_again_makes_the_set_up_due(
    client: FlaskClient, play: Play, database: Database, ours: Settings
) -> None:
    play.install()
    opened(client, play)
    set_up.set_up(database, Vault(ours.secret_keys), ours, 1)
    answer = client.post(f"{HOME}/api/look-again", headers={"Authorization": f"Bearer {play.id_token()}"})
    assert answer.status_code == 200
    assert set_up.due(database, ours, datetime.now(UTC)) == [1]
    assert client.post(f"{HOME}/api/look-again").status_code == 401


def test_every_place_is_a_block_of_ours_that_stands_there(project: Path, play: Play, ours: Settings) -> None:
    from integration.services.shopify import app_of

    blocks = project / "templates/shopify/extensions/shelfwise-theme/blocks"
    app = app_of(ours)
    assert app is not None
    offered = places(app, play.shop)
    assert {place.block for place in offered} == {each.stem for each in blocks.glob("*.liquid")}
    for place in offered:
        wanted = parse_qs(urlsplit(place.url).query)
        named = wanted.get("addAppBlockId") or wanted["activateAppId"]
        assert named == [f"{play.client_id}/{place.block}"]
        allowed = (blocks / f"{place.block}.liquid").read_text("utf-8").partition('"enabled_on"')[2].partition("]")[0]
        assert not allowed or wanted["template"][0] in allowed


def test_the_played_theme_is_seen_to_hold_our_blocks(
    client: FlaskClient, play: Play, database: Database, ours: Settings
) -> None:
    play.install()
    opened(client, play)
    set_up.set_up(database, Vault(ours.secret_keys), ours, 1)
    answer = client.get(API, headers={"Authorization": f"Bearer {play.id_token()}"})
    assert answer.json is not None
    assert "similar" in answer.json["placed"]


def test_another_theme_is_looked_at_as_soon_as_it_is_published(
    app: Flask, client: FlaskClient, play: Play, database: Database, ours: Settings
) -> None:
    from integration.services.drain import drain

    play.connect(app)
    play.install()
    opened(client, play)
    set_up.set_up(database, Vault(ours.secret_keys), ours, 1)
    assert set_up.due(database, ours, datetime.now(UTC)) == []
    play.state.tell("themes/publish", play.state)
    play.wait_for_webhooks()
    while drain(database, 1, now=datetime.now(UTC)):
        pass
    assert set_up.due(database, ours, datetime.now(UTC)) == [1]
