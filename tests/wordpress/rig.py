"""A real WordPress for one test run, with a shop in it and Shelfwise's plugin: started, asked, put back as it was."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.conftest import missing
from tests.wordpress.prepare import BLOCK_THEME, CLASSIC_THEME, HERE, ROOT, php, prepare

PLUGIN = ROOT / "templates" / "woocommerce" / "shelfwise"
PLUGIN_FILE = "shelfwise/shelfwise.php"
MERCHANT = 1
READY_SECONDS = 30.0
WORKERS = 4
# What the fixture's shop and its app share, as after a connect.
SECRET = "made-up-secret-of-the-tests-0123456789abcdef"
SHOP = "corner-shop"
KEYS = ("ck_rig", "cs_rig")
COMPLAINT = re.compile(r"PHP (?:Notice|Warning|Deprecated|Fatal|Parse|Recoverable)|WordPress database error")


@dataclass(frozen=True)
class WordPress:
    """A running WordPress. url: its home. content: its wp-content folder. version: of WordPress."""

    url: str
    content: Path
    version: str

    def run(self, code: str, *, user: int = MERCHANT) -> Any:
        """The value that a piece of PHP returns in this WordPress, run as a user; what it prints is lost."""
        answer = requests.post(f"{self.url}/", code.encode(), headers={"X-Rig-User": str(user)}, timeout=30)
        assert answer.ok, f"{code}\n{answer.status_code} {answer.text[-2000:]}\n{self.log()[-3000:]}"
        return answer.json()["value"]

    def get(self, path: str, *, user: int = 0, **options: Any) -> requests.Response:
        """A page, as a visitor or as a user who is signed in."""
        return self.request("GET", path, user=user, **options)

    def request(self, method: str, path: str, *, user: int = 0, **options: Any) -> requests.Response:
        """Any request, as a visitor or as a user who is signed in; redirects are not followed."""
        headers = {**options.pop("headers", {}), **({"X-Rig-As": str(user)} if user else {})}
        asked = {"timeout": 30, "allow_redirects": False, **options}
        return requests.request(method, self.url + path, headers=headers, **asked)

    def log(self) -> str:
        """All that PHP and WordPress had to say."""
        file = self.content / "debug.log"
        return file.read_text(errors="replace") if file.is_file() else ""

    def complaints(self) -> list[str]:
        """Notices, warnings and worse of this test so far."""
        said = [line for line in self.log().splitlines() if COMPLAINT.search(line)]
        # What stands in for MySQL is no part of a shop, and older than the newest PHP.
        return [line for line in said if "/mu-plugins/sqlite/" not in line]

    def forget_log(self) -> None:
        """Begin with an empty log."""
        (self.content / "debug.log").unlink(missing_ok=True)

    def product(self, sku: str) -> int:
        """The id of a product or a variation of the shop."""
        found = int(self.run(f"return wc_get_product_id_by_sku('{sku}');"))
        assert found, f"the shop has no {sku}"
        return found

    def use_theme(self, kind: str) -> None:
        """Show the shop in WordPress's block theme ("block") or in its classic one ("classic")."""
        if kind == "classic" and not (self.content / "themes" / CLASSIC_THEME).is_dir():
            missing(f"the classic theme {CLASSIC_THEME} is not here: `make setup-wordpress` gets it from Debian")
        self.run(f"switch_theme('{BLOCK_THEME if kind == 'block' else CLASSIC_THEME}');")

    def use_shortcodes(self) -> None:
        """Make the cart and the checkout of shortcodes, as shops from before the blocks have them."""
        for page in ("cart", "checkout"):
            self.run(
                f"wp_update_post(array('ID' => wc_get_page_id('{page}'), "
                f"'post_content' => '<!-- wp:shortcode -->[woocommerce_{page}]<!-- /wp:shortcode -->'));"
            )

    def link(self, api: str, *, shop: str = SHOP, secret: str = SECRET) -> None:
        """Link the plugin to an app, the way the app does it."""
        body = f"array('api' => '{api}', 'shop' => '{shop}', 'secret' => '{secret}', 'name' => 'Shelfwise')"
        answer = self.run(
            "$request = new WP_REST_Request('POST', '/wc-shelfwise/v1/link');"
            f"$request->set_body_params({body});"
            "$answer = rest_do_request($request);"
            "return array($answer->get_status(), $answer->get_data());"
        )
        assert answer[0] == 200, answer

    def order(self, *skus: str) -> str:
        """The address of the thank-you page of a new order of these products."""
        ids = ", ".join(str(self.product(sku)) for sku in skus)
        return str(
            self.run(
                f"wc_load_cart(); foreach (array({ids}) as $id) {{ WC()->cart->add_to_cart($id); }}"
                "$made = WC()->checkout()->create_order(array('billing_email' => 'shopper@people.example'));"
                "$order = wc_get_order($made);"
                "WC()->cart->empty_cart();"
                "return str_replace(home_url(), '', $order->get_checkout_order_received_url());"
            )
        )


@contextmanager
def serve(version: str, folder: Path, *, quiet: bool = False, workers: int = WORKERS) -> Iterator[WordPress]:
    """A WordPress of a version with the plugin active, its content in `folder`. quiet: WP_DEBUG off, as in a shop."""
    prepared = prepare(version)
    content = folder / "content"
    shutil.copytree(prepared / "content", content)
    shutil.copytree(PLUGIN, content / "plugins" / "shelfwise")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    site = WordPress(f"http://127.0.0.1:{port}", content, version)
    environ = os.environ | {
        "RIG_CONTENT": str(content),
        "RIG_HOME": site.url,
        "RIG_QUIET": "1" if quiet else "",
        "PHP_CLI_SERVER_WORKERS": str(workers),
    }
    options = ["-d", "opcache.enable=1", "-d", "display_errors=0", "-d", "error_reporting=32767"]
    command = [str(php()), *options, "-S", f"127.0.0.1:{port}", "-t", str(prepared / "core")]
    with (folder / "php.log").open("wb") as output:
        process = subprocess.Popen(
            [*command, str(HERE / "site" / "router.php")],
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(site, process, folder / "php.log")
        activated = site.run(
            "require_once ABSPATH . 'wp-admin/includes/plugin.php';"
            f"$made = activate_plugin('{PLUGIN_FILE}'); return is_wp_error($made) ? $made->get_error_message() : '';"
        )
        assert activated == "", activated
        yield site
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(10)


def _wait(site: WordPress, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + READY_SECONDS
    while True:
        try:
            requests.get(f"{site.url}/wp-includes/images/blank.gif", timeout=5)
        except requests.ConnectionError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"PHP's server did not start: {log.read_text()[-2000:]}") from None
            time.sleep(0.02)
        else:
            return


@dataclass(frozen=True)
class Snapshot:
    """A database as it was once, to go back to."""

    site: WordPress
    kept: Path

    @classmethod
    def of(cls, site: WordPress, kept: Path) -> Snapshot:
        """Keep the database of a site as it is now."""
        shutil.copyfile(site.content / "database" / "site.sqlite", kept)
        return cls(site, kept)

    def restore(self) -> None:
        """Put the database back, and begin with an empty log."""
        database = self.site.content / "database" / "site.sqlite"
        fresh = database.with_name("site.fresh")
        shutil.copyfile(self.kept, fresh)
        fresh.replace(database)
        self.site.forget_log()
