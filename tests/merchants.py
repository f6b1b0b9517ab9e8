"""A merchant who connects a shop, as tests of it see them: a browser, the shop's server, and a worker behind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from integration.services import set_up
from integration.services.secrets import Vault
from integration.services.woocommerce import attempts, connect
from integration.settings import Settings
from integration.storage.database import Database

HTTPS = "https://shelfwise.example"


@dataclass
class Merchant:
    """Somebody with a browser who connects a shop. now: moved on by the tests."""

    app: Flask
    client: FlaskClient
    database: Database
    settings: Settings
    now: datetime

    @property
    def vault(self) -> Vault:
        return Vault(self.settings.secret_keys)

    def begin(self, site: str, **more: str) -> Any:
        return self.client.get("/woocommerce/connect", query_string={"site": site, **more})

    def token(self, site: str) -> str:
        page = self.begin(site).text
        found = re.search(r'name="token" value="([\w-]+)"', page)
        assert found, page
        return found[1]

    def calls_back(self, token: str, key: str, secret: str, **more: Any) -> int:
        """The shop's server hands its keys over: it has no cookie."""
        body = {"key_id": 2, "user_id": token, "consumer_key": key, "consumer_secret": secret}
        stranger = self.app.test_client()
        answer = stranger.post("/woocommerce/callback", json={**body, "key_permissions": "read_write", **more})
        return answer.status_code

    def pastes(self, site: str, key: str, secret: str, **more: str) -> Any:
        form = self.client.get("/woocommerce/connect/keys").text
        check = re.search(r'name="check" value="(\w+)"', form)
        assert check
        sent = {"site": site, "key": key, "secret": secret, "check": check[1], **more}
        return self.client.post("/woocommerce/connect/keys", data=sent, follow_redirects=True)

    def works(self) -> list[connect.Outcome | None]:
        """A worker does what is due."""
        due = attempts.due(self.database, self.settings, self.now)
        done = [connect.finish(self.database, self.vault, self.settings, each) for each in due]
        for shop_id in set_up.due(self.database, self.settings, datetime.now(UTC)):
            set_up.set_up(self.database, self.vault, self.settings, shop_id)
        return done

    def rows(self, statement: Any) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.execute(statement))
