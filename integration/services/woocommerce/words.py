"""What a merchant is told of each way in which connecting can fail: a heading, what it is, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connectors.woocommerce.failures import Failure


@dataclass(frozen=True, slots=True)
class Words:
    """title: a heading. what: one sentence. todo: what to do about it."""

    title: str
    what: str
    todo: str


TESTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "read": ("Read a product", "Your shop lets Shelfwise read its products."),
        "webhooks": ("See the webhooks", "Your shop lets Shelfwise see its webhooks."),
        "write": ("Make webhooks", "Your shop lets Shelfwise make webhooks, and writes nothing else for it."),
    }
)

WORDS: Mapping[Failure, Words] = MappingProxyType(
    {
        Failure.BAD_ADDRESS: Words(
            "That address can't be used",
            "It is no public address of a shop.",
            "Give the address that your shoppers use, such as https://shop.example.",
        ),
        Failure.NOT_FOUND: Words(
            "No shop was found there",
            "No server on the internet has this name.",
            "Check the address for a slip of the pen. If your domain is new, try again in an hour.",
        ),
        Failure.UNREACHABLE: Words(
            "Your shop does not answer",
            "Nothing takes the call at this address.",
            "Open your shop in a browser. If it opens there, its firewall keeps us out: ask your host to let "
            "Shelfwise's server in.",
        ),
        Failure.CERTIFICATE: Words(
            "Your shop's certificate is not trusted",
            "It is self-signed, expired, incomplete, or of another name, so nobody can be sure that this is your shop.",
            "Ask your host for a certificate that browsers trust (Let's Encrypt gives them for nothing), with its "
            "whole chain.",
        ),
        Failure.TIMEOUT: Words(
            "Your shop took too long to answer",
            "It is slow at the moment, or something on the way drops our calls.",
            "Try again in some minutes. If it stays so, ask your host whether a firewall drops calls to /wp-json/.",
        ),
        Failure.MOVED: Words(
            "Your shop has another address",
            "This address sends visitors on to another one.",
            "Connect the address that stands in your browser when your shop's front page is open.",
        ),
        Failure.MAINTENANCE: Words(
            "Your shop is in maintenance mode",
            "It answers everybody with “503, back soon”; an update may be running.",
            "End the maintenance mode, or wait for the update to end, and try again.",
        ),
        Failure.NOT_WORDPRESS: Words(
            "There is no WordPress at this address",
            "A server answers there, but not as WordPress does.",
            "Give the address of your shop's front page. If WordPress lives in a folder, give that too: "
            "https://shop.example/store.",
        ),
        Failure.NO_WOOCOMMERCE: Words(
            "WooCommerce is not active",
            "WordPress answers at this address, but without WooCommerce.",
            "Activate WooCommerce under Plugins in your shop's admin.",
        ),
        Failure.PERMALINKS: Words(
            "Permalinks are off",
            "WordPress's REST API, through which shops are connected, works with permalinks alone.",
            "In your shop's admin, open Settings → Permalinks, choose “Post name”, and save.",
        ),
        Failure.BLOCKED: Words(
            "Something in your shop blocks us",
            "A security plugin, or your host's firewall, refuses calls to WordPress's REST API.",
            "Allow /wp-json/wc/ and /wp-json/wc-shelfwise/ there: in Wordfence, Solid Security, All-In-One Security, "
            "“Disable REST API”, Cloudflare and others it is a setting. Logins on the whole site (“coming soon”, a "
            "password before the page) have to leave these addresses open too.",
        ),
        Failure.WRONG_KEYS: Words(
            "Your shop does not take these keys",
            "They belong to another shop, were revoked, or were not copied whole.",
            "Make new keys and copy both of them, or begin again from your shop's admin.",
        ),
        Failure.READ_ONLY: Words(
            "These keys may only read",
            "Shelfwise needs to make webhooks, so that your shop can tell what changes.",
            "In WooCommerce → Settings → Advanced → REST API, make keys with the permission Read/Write.",
        ),
        Failure.NOT_ALLOWED: Words(
            "The user of these keys may not do enough",
            "Keys can do what their user may, and this user may not manage the shop.",
            "Make the keys for an administrator or a shop manager.",
        ),
        Failure.NOT_JSON: Words(
            "Your shop answers with a page instead of data",
            "A plugin, a cache or a “coming soon” page stands before WordPress's REST API.",
            "Open /wp-json/ of your shop in a browser: what it shows is what stands in the way. Exclude that address "
            "from the plugin or cache that shows it.",
        ),
        Failure.BUSY: Words(
            "Your shop asks us to slow down",
            "Its host allows only so many calls a minute.",
            "Try again in some minutes.",
        ),
        Failure.BROKEN: Words(
            "Your shop has an error of its own",
            "It answers with a server error when its REST API is called.",
            "Look at WooCommerce → Status → Logs, or ask your host for PHP's error log; then try again.",
        ),
        Failure.TOO_LARGE: Words(
            "Your shop's answer is far too large",
            "What comes back is no answer of a REST API.",
            "Check the address; it has to be that of your shop's front page.",
        ),
        Failure.UNREADABLE: Words(
            "Your shop's answer makes no sense to us",
            "A plugin changes what WooCommerce's REST API tells.",
            "Update WooCommerce and its plugins, and try again.",
        ),
        Failure.NO_ROUTE: Words(
            "Your WooCommerce's REST API is missing",
            "WordPress answers, but says that it knows no WooCommerce.",
            "Activate WooCommerce (9.0 or newer) under Plugins; a plugin that trims the REST API has to leave it.",
        ),
    }
)
OTHER = Words(
    "Your shop answers in a way that we don't know",
    "Its REST API does not do what WooCommerce promises.",
    "Update WooCommerce, and try again; if it stays so, show this page to whoever looks after your shop.",
)


def words_of(failure: str) -> Words:
    """What is told of a kind of failure."""
    try:
        return WORDS.get(Failure(failure), OTHER)
    except ValueError:
        return OTHER
