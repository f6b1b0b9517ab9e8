"""What a connected shop says of itself: its name, its money, its versions."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from connectors.woocommerce.body import Scalar, country, currency_code, is_yes, text
from connectors.woocommerce.client import API, Shop
from connectors.woocommerce.failures import Failure, ShopError

_OF_STATUS = (
    "environment.home_url,environment.version,environment.wp_version,environment.php_version,environment.language,"
    "theme.name,theme.is_block_theme,settings.currency,settings.HPOS_enabled"
)


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """asked: by the shop's clock. home: as the shop writes its own address. "" for whatever it does not tell.

    locale: such as "de-DE". timezone: such as "Europe/Berlin". prices_with_tax: as shoppers see them.
    block_theme, hpos: None where untold.
    """

    asked: datetime
    currency: str
    country: str = ""
    name: str = ""
    home: str = ""
    woocommerce: str = ""
    wordpress: str = ""
    php: str = ""
    locale: str = ""
    timezone: str = ""
    theme: str = ""
    block_theme: bool | None = None
    hpos: bool | None = None
    prices_with_tax: bool | None = None


class _Setting(msgspec.Struct, frozen=True):
    id: str
    value: object = None


class _Environment(msgspec.Struct, frozen=True):
    home_url: Scalar = None
    version: Scalar = None
    wp_version: Scalar = None
    php_version: Scalar = None
    language: Scalar = None


class _Theme(msgspec.Struct, frozen=True):
    name: Scalar = None
    is_block_theme: Scalar = None


class _Settings(msgspec.Struct, frozen=True, rename={"hpos": "HPOS_enabled"}):
    currency: Scalar = None
    hpos: Scalar = None


class _Status(msgspec.Struct, frozen=True):
    environment: _Environment = _Environment()
    theme: _Theme = _Theme()
    settings: _Settings = _Settings()


class _Index(msgspec.Struct, frozen=True):
    name: Scalar = None
    timezone_string: Scalar = None


def read_facts(shop: Shop) -> ShopFacts:
    """Ask a shop for all of it. Raises ShopError, KeysRefused; what a user may not see is left out."""
    reply = shop.get(f"{API}/settings/general", {"_fields": "id,value"})
    general = _by_id(reply.rows(_Setting))
    status = _status(shop)
    currency = currency_code(_text(general.get("woocommerce_currency"))) or currency_code(
        text(status.settings.currency)
    )
    if not currency:
        raise ShopError(Failure.UNREADABLE, "The shop does not say which currency it sells in.")
    environment, theme, index = status.environment, status.theme, _index(shop)
    return ShopFacts(
        asked=reply.asked,
        currency=currency,
        country=country(_text(general.get("woocommerce_default_country")).partition(":")[0]),
        name=html.unescape(text(index.name, 200)),
        home=text(environment.home_url, 2000),
        woocommerce=text(environment.version, 40),
        wordpress=text(environment.wp_version, 40),
        php=text(environment.php_version, 40),
        locale=text(environment.language, 40).replace("_", "-"),
        timezone=text(index.timezone_string, 64),
        theme=text(theme.name, 200),
        block_theme=None if theme.is_block_theme is None else is_yes(theme.is_block_theme),
        hpos=None if status.settings.hpos is None else is_yes(status.settings.hpos),
        prices_with_tax=_with_tax(shop),
    )


def _by_id(settings: Sequence[_Setting]) -> dict[str, object]:
    return {each.id: each.value for each in settings}


def _text(value: object) -> str:
    return value[:200] if isinstance(value, str) else ""


def _status(shop: Shop) -> _Status:
    try:
        return shop.get(f"{API}/system_status", {"_fields": _OF_STATUS}).decode(_Status)
    except ShopError as error:
        if error.retryable:
            raise
        return _Status()


def _index(shop: Shop) -> _Index:
    try:
        return shop.get_openly("", {"_fields": "name,timezone_string"}).decode(_Index)
    except ShopError:
        return _Index()


def _with_tax(shop: Shop) -> bool | None:
    try:
        shown = _by_id(shop.get(f"{API}/settings/tax", {"_fields": "id,value"}).rows(_Setting))
    except ShopError as error:
        if error.retryable:
            raise
        return None
    told = shown.get("woocommerce_tax_display_shop")
    return None if told is None else told == "incl"
