"""A merchant connects a played shop in Chromium: by consent with the app behind TLS, and by keys on a phone."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from werkzeug.serving import make_server

from demo.woocommerce.fill import Size, fill
from demo.woocommerce.server import running
from demo.woocommerce.site import Site
from demo.woocommerce.state import PlayedShop
from integration.app import create_app
from integration.clock import system_clock
from integration.services import set_up
from integration.services.secrets import Vault
from integration.services.woocommerce import attempts, connect
from integration.settings import Settings
from integration.storage.database import Database
from integration.web.services import KEY, Services
from tests.e2e.conftest import errors_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

PHONE = {"width": 360, "height": 740}
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
ONE_STORE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class Round:
    """An app with a worker, a played shop, and the merchant's browser."""

    url: str
    settings: Settings
    site: Site
    context: BrowserContext

    @property
    def plugin_page(self) -> str:
        return f"{self.site.shop.address}/wp-admin/admin.php?page=shelfwise"


@pytest.fixture
def app_with_tls(
    settings: Settings, tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Round]:
    """The app at https://127.0.0.1, whose certificate the shop trusts, as a shop does that of a public app."""
    certificate = _certificate(tmp_path)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    yield from _round(settings, browser, certificate)


@pytest.fixture
def app_without_tls(settings: Settings, browser: Browser) -> Iterator[Round]:
    """The app at http://127.0.0.1, as on a developer's machine."""
    yield from _round(settings, browser, None)


def _round(settings: Settings, browser: Browser, certificate: Path | None) -> Iterator[Round]:
    proxy = Flask("not yet")
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = make_server("127.0.0.1", 0, proxy, threaded=True, ssl_context=context)
    url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    ours = replace(settings, allow_loopback=True, public_url=url)
    app = create_app(ours)
    server.app = app
    with running(fill(PlayedShop(), Size(seed=4, products=12, customers=5)), app_url=url) as site:
        visitor = browser.new_context(ignore_https_errors=True)
        with _served(server), _worker(ours):
            yield Round(url, ours, site, visitor)
            visitor.close()
    services: Services = app.extensions[KEY]
    services.slate_log.close()
    services.database.close()


@ONE_STORE
def test_connect_in_the_plugin_leads_by_the_shops_own_consent_to_a_connected_shop(app_with_tls: Round) -> None:
    page = app_with_tls.context.new_page()
    errors = errors_of(page)
    page.goto(app_with_tls.plugin_page)
    page.get_by_role("button", name="Connect").click()
    page.get_by_role("button", name="Connect 127.0.0.1").click()
    page.get_by_text("Approve").click()
    page.get_by_role("heading", name="Your shop is connected").wait_for()
    page.get_by_text("Your shop tells Shelfwise what changes.").wait_for()
    assert len(app_with_tls.site.shop.webhooks) == 11
    page.get_by_role("link", name="Back to your shop").click()
    page.wait_for_url(app_with_tls.plugin_page)
    assert app_with_tls.site.shop.link is not None
    assert [each for each in errors if "favicon" not in each] == []


@ONE_STORE
def test_keys_are_pasted_on_a_phone_and_what_is_wrong_with_them_is_said(app_without_tls: Round) -> None:
    shop = app_without_tls.site.shop
    page = app_without_tls.context.new_page()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    errors = errors_of(page)
    page.goto(f"{app_without_tls.url}/woocommerce/connect?site={shop.address}")
    assert _fits(page)
    page.get_by_role("link", name="with keys").click()
    assert _fits(page)
    reader = shop.keyring.make(permissions="read")
    _paste(page, reader.key, reader.secret)
    page.get_by_role("heading", name="These keys may only read").wait_for()
    assert _fits(page)
    page.get_by_role("link", name="Connect with keys instead").click()
    own = shop.keyring.make()
    _paste(page, own.key, own.secret)
    page.get_by_role("heading", name="Your shop is connected").wait_for()
    assert _fits(page)
    assert own.secret not in page.content()
    assert errors == []


@ONE_STORE
def test_pages_are_named_and_labelled_for_who_does_not_see_them(app_without_tls: Round) -> None:
    page = app_without_tls.context.new_page()
    for path in ("/install/woocommerce", "/woocommerce/connect", "/woocommerce/connect/keys"):
        page.goto(app_without_tls.url + path)
        assert page.locator("html").get_attribute("lang") == "en"
        assert page.locator("h1").count() == 1
        for field in page.locator("input:not([type=hidden])").all():
            assert page.locator(f"label[for={field.get_attribute('id')}]").count() == 1
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement !== document.body")


def _paste(page: Page, key: str, secret: str) -> None:
    page.get_by_label("Consumer key").fill(key)
    page.get_by_label("Consumer secret").fill(secret)
    page.get_by_role("button", name="Connect").click()


def _fits(page: Page) -> bool:
    return bool(page.evaluate(WIDE) <= 0)


@contextmanager
def _served(server: object) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)  # type: ignore[attr-defined]
    thread.start()
    try:
        yield
    finally:
        server.shutdown()  # type: ignore[attr-defined]
        thread.join()
        server.server_close()  # type: ignore[attr-defined]


@contextmanager
def _worker(settings: Settings) -> Iterator[None]:
    """What the queue's worker does, soon after it is due."""
    stop, database, vault = threading.Event(), Database(settings.database_url), Vault(settings.secret_keys)

    def work() -> None:
        while not stop.wait(0.05):
            for attempt in attempts.due(database, settings, system_clock()):
                connect.finish(database, vault, settings, attempt)
            for shop_id in set_up.due(database, settings, system_clock()):
                set_up.set_up(database, vault, settings, shop_id)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        database.close()


def _certificate(folder: Path) -> Path:
    """A certificate of this machine that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    own = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(own, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "certificate.pem"
    file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return file
