"""The app is held to its own OpenAPI document by schemathesis."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from integration.settings import Settings
from integration.storage.database import Database
from tests.making import make_shop, stock


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: str(mode.value))
def test_the_app_does_what_its_document_says(
    app: Flask, database: Database, settings: Settings, mode: GenerationMode
) -> None:
    stock(database, make_shop(database, settings), range(1, 6))
    document = schemathesis.openapi.from_wsgi("/v1/openapi.json", app)
    for found in document.get_all_operations():
        assert isinstance(found, Ok)

        @hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=found.ok().as_strategy(generation_mode=mode))
        def hold(case: Any) -> None:
            case.call_and_validate()

        hold()


def test_the_document_names_every_route_of_the_storefront(app: Flask) -> None:
    document = app.test_client().get("/v1/openapi.json").get_json()
    routes = {str(rule) for rule in app.url_map.iter_rules() if str(rule).startswith("/v1/")}
    assert routes - {"/v1/openapi.json"} == set(document["paths"])
