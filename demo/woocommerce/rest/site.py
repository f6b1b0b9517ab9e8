"""What is about the site itself: the index, settings, currency, state of the system, and the plugin's link."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from demo.woocommerce.bodies.others import currency_body, settings_body
from demo.woocommerce.bodies.system import system_status
from demo.woocommerce.rest.calls import answer, given, key_of_call, need_key, shop
from demo.woocommerce.rest.collections import RestError

bp = Blueprint("site", __name__, url_prefix="/wp-json")
NAMESPACES = ("oembed/1.0", "wc/v3", "wc/v1", "wc-admin", "wc-analytics", "wc/store", "wc/store/v1", "wc/v2", "wp/v2")
PLUGIN_VERSION = "1.0.0"
LINK_FIELDS = ("api", "shop", "secret", "name")


@bp.get("/", strict_slashes=False)
def index() -> ResponseReturnValue:
    """What there is: for everybody."""
    home = shop()
    namespaces = [*NAMESPACES, *(["wc-shelfwise/v1"] if home.plugin else [])]
    offset = home.local(home.clock()).utcoffset() or timedelta()
    return answer(
        {
            "name": home.name,
            "description": "",
            "url": home.address,
            "home": home.address,
            "gmt_offset": offset.total_seconds() / 3600,
            "timezone_string": str(home.zone),
            "namespaces": namespaces,
            "authentication": [],
            "routes": {},
        }
    )


@bp.get("/wc/v3/settings/general")
def settings() -> ResponseReturnValue:
    """The general settings."""
    return answer(settings_body(shop()))


@bp.get("/wc/v3/settings/general/<name>")
def setting(name: str) -> ResponseReturnValue:
    """One of them."""
    found = next((each for each in settings_body(shop()) if each["id"] == name), None)
    if found is None:
        raise RestError("rest_setting_setting_invalid", "Invalid setting.", 404)
    return answer(found)


@bp.get("/wc/v3/data/currencies/current")
def currency() -> ResponseReturnValue:
    """The shop's currency."""
    return answer(currency_body(shop()))


@bp.get("/wc/v3/system_status")
def system() -> ResponseReturnValue:
    """Versions, theme, pages and settings."""
    return answer(system_status(shop()))


@bp.route("/wc-shelfwise/v1/link", methods=["GET", "POST", "DELETE"])
def link() -> ResponseReturnValue:
    """The plugin's link to the app: made, looked at and taken away with the shop's REST keys."""
    home = shop()
    if not home.plugin:
        raise RestError("rest_no_route", "No route was found matching the URL and request method.", 404)
    if key_of_call() is None:
        need_key()
    if request.method == "POST":
        body = given()
        wrong = [name for name in LINK_FIELDS if not isinstance(body.get(name), str) or not body[name]]
        if wrong:
            raise RestError("rest_missing_callback_param", f"Missing parameter(s): {', '.join(wrong)}", 400)
        home.link = {name: body[name] for name in LINK_FIELDS}
    elif request.method == "DELETE":
        home.link = None
    return answer(_told())


def _told() -> dict[str, object]:
    home = shop()
    return {
        "plugin": PLUGIN_VERSION,
        "wordpress": home.wordpress,
        "woocommerce": home.version,
        "php": home.php,
        "theme": {"name": home.theme, "block": home.block_theme},
        "placements": {"product": True, "cart": True, "home": True},
        "home": home.address,
    }
