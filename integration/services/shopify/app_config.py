"""`shopify.app.toml` for this installation: the file of the project, with its operator's addresses and client ID."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from urllib.parse import urlsplit

from integration.settings import Settings

EXAMPLE = "https://shelfwise.example"
_PATH = re.compile(r'^(uri|url) = "(/[^"]*)"$', re.MULTILINE)


class NotReady(Exception):
    """Something has to be set first; the message says what."""


def app_config(settings: Settings) -> str:
    """The text of the file. Raises NotReady.

    Paths are written out as whole addresses: whether Shopify takes a path from the host or from `application_url` is
    then no question.
    """
    public_url = settings.public_url.rstrip("/")
    parts = urlsplit(public_url)
    if not settings.shopify_client_id:
        raise NotReady("set SHELFWISE_SHOPIFY_CLIENT_ID to the client ID that the Dev Dashboard shows for your app")
    if parts.scheme != "https" or not parts.netloc:
        raise NotReady("set SHELFWISE_PUBLIC_URL to the https address of this installation: Shopify takes no other")
    text = (files("templates") / "shopify" / "shopify.app.toml").read_text("utf-8")
    text = _PATH.sub(rf'\1 = "{EXAMPLE}\2"', text).replace(EXAMPLE, json.dumps(public_url)[1:-1])
    text = _with(text, "client_id", settings.shopify_client_id)
    return _with(text, "handle", settings.shopify_app_handle)


def _with(text: str, name: str, value: str) -> str:
    return re.sub(rf"^{name} = .*$", lambda _: f"{name} = {json.dumps(value)}", text, flags=re.MULTILINE)
