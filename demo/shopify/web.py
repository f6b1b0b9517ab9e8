"""The played Shopify as a web app: the Admin API and its tokens, results of bulk operations, pictures."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, request, send_file
from flask.typing import ResponseReturnValue

from demo.pictures import draw
from demo.shopify.graphql.schema import VERSIONS
from demo.shopify.platform import Platform
from demo.shopify.state import PlayedShop
from demo.shopify.tokens import Denied

KEY = "played-shopify"
TOKEN_HEADER = "X-Shopify-Access-Token"  # noqa: S105 -- a header's name
BAD_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"  # noqa: S105 -- a message
PICTURE_SECONDS = 86_400

api = Blueprint("api", __name__)


def create_app(platform: Platform) -> Flask:
    """All that the platform answers."""
    from demo.shopify.pages import mounted

    app = Flask("demo.shopify", static_folder=None)
    app.extensions[KEY] = platform
    app.register_blueprint(api)
    for blueprint in mounted(platform):
        app.register_blueprint(blueprint)
    return app


def platform() -> Platform:
    """The platform of the app that answers."""
    found: Platform = current_app.extensions[KEY]
    return found


def shop_of(domain: str) -> PlayedShop:
    """The shop of an address, or 404."""
    found = platform().shops.get(domain.lower())
    if found is None:
        abort(404)
    return found


@api.post("/<shop>/admin/oauth/access_token")
def access_token(shop: str) -> ResponseReturnValue:
    """Exchange an ID token, or renew by a refresh token."""
    form: Any = request.get_json(silent=True) if request.is_json else request.form
    if not hasattr(form, "get"):
        return {"error": "invalid_request", "error_description": "The body can't be read"}, 400
    try:
        return platform().tokens.answer(shop_of(shop), form)
    except Denied as denied:
        return {"error": denied.code, "error_description": denied.description}, denied.status


@api.post("/<shop>/admin/api/<version>/graphql.json")
def graphql(shop: str, version: str) -> ResponseReturnValue:
    """The Admin API."""
    from demo.shopify.graphql.execute import answer

    played, known = platform(), shop_of(shop)
    if version not in VERSIONS:
        return {"errors": "Not Found"}, 404
    granted = played.tokens.scopes(known, request.headers.get(TOKEN_HEADER, ""))
    if granted is None:
        return {"errors": BAD_TOKEN}, 401
    if (trouble := played.troubles.next()) is not None:
        return trouble
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        return {"errors": [{"message": "The body must be a JSON object"}]}, 400
    found = answer(played.context(known, granted), played.bucket(known), body)
    response = Response(json.dumps(found, separators=(",", ":")), content_type="application/json; charset=utf-8")
    response.headers["X-Shopify-API-Version"] = version
    response.headers["X-Request-Id"] = str(uuid.uuid4())
    return response


@api.get("/<shop>/bulk/<int:number>.jsonl")
def bulk_result(shop: str, number: int) -> ResponseReturnValue:
    """The rows of a bulk operation, for whoever has the address, as long as it is valid; parts of it on request."""
    known, operations = shop_of(shop), platform().bulk
    found = operations.find(known, f"/{number}")
    until, signature = request.args.get("Expires", ""), request.args.get("Signature", "")
    if found is None or not operations.may_fetch(found, until, signature):
        text = "<?xml version='1.0' encoding='UTF-8'?><Error><Code>ExpiredToken</Code></Error>"
        return Response(text, 400, content_type="application/xml")
    return send_file(found.file, mimetype="application/jsonl", conditional=True, etag=True)


@api.get("/<shop>/pictures/<path:name>.svg")
def picture(shop: str, name: str) -> ResponseReturnValue:
    """A product's picture, drawn."""
    found = shop_of(shop).by_handle(name)
    title = found.title if found else name.replace("-", " ")
    svg = draw(title, request.args.get("colour", "").replace("-", " ").title())
    headers = {"Cache-Control": f"public, max-age={PICTURE_SECONDS}", "Content-Security-Policy": "default-src 'none'"}
    return Response(svg, headers=headers, content_type="image/svg+xml")
