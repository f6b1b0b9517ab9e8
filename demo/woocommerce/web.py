"""The played site as a web app."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask, Response, abort, g, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from demo.woocommerce.pages import TEMPLATES, mounted
from demo.woocommerce.rest import editing, goods, hooks, sales
from demo.woocommerce.rest import site as site_routes
from demo.woocommerce.rest.calls import EXTENSION, answer, need_key, played
from demo.woocommerce.rest.collections import RestError
from demo.woocommerce.site import Site
from demo.woocommerce.troubles import LOGIN_ONLY, MAINTENANCE

ROOT = "/wp-json"
NO_ROUTE = RestError("rest_no_route", "No route was found matching the URL and request method.", 404)
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def create_app(site: Site) -> Flask:
    """All that the site answers."""
    app = Flask("demo.woocommerce", static_folder=None)
    app.extensions[EXTENSION] = site
    app.url_map.strict_slashes = False
    app.template_folder = TEMPLATES
    for blueprint in (goods.bp, editing.bp, sales.bp, hooks.bp, site_routes.bp, *mounted().values()):
        app.register_blueprint(blueprint)
    app.before_request(_before)
    app.after_request(_dated)
    app.register_error_handler(RestError, lambda error: answer(error.body, error.status))
    app.register_error_handler(HTTPException, _error)
    app.wsgi_app = _rest_route(app.wsgi_app)  # type: ignore[method-assign, assignment]
    return app


def _rest_route(inner: Wsgi) -> Wsgi:
    """Understand ?rest_route=/wc/v3/..., which WordPress answers whether it has permalinks or not."""

    def outer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        query = environ.get("QUERY_STRING", "")
        path = environ.get("PATH_INFO", "")
        environ["played.uri"] = f"{path}?{query}"
        if path in {"/", "/index.php"} and "rest_route=" in query:
            route = dict(parse_qsl(query)).get("rest_route", "/")
            environ["PATH_INFO"] = f"{ROOT}{route}"
            environ["played.plain"] = True
        return inner(environ, start)

    return outer


def _before() -> ResponseReturnValue | None:
    """What stands between a request and its answer: troubles, permalinks, and a key for all but the open routes."""
    shop = played().shop
    if shop.troubles.maintenance and not request.path.startswith("/play/"):
        return Response(MAINTENANCE, 503, headers={"Retry-After": "600"})
    if not (request.path == ROOT or request.path.startswith(f"{ROOT}/")):
        # No other site may act here in the name of whoever looks at it.
        if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
            abort(403)
        return None
    played().calls[f"{request.method} {request.path}"] += 1
    plain = request.environ.get("played.plain", False)
    if shop.troubles.no_rest or (not shop.permalinks and not plain):
        abort(404)
    if (trouble := shop.troubles.next()) is not None:
        return trouble
    if shop.troubles.login_only:
        return answer(LOGIN_ONLY, 401)
    # WooCommerce looks for its own address in what was asked for, before it looks at keys at all.
    if "wp-json/wc/" not in request.environ["played.uri"] and "wp-json/wc-" not in request.environ["played.uri"]:
        g.key = None
    if request.path.startswith(f"{ROOT}/wc/v3/"):
        if request.url_rule is None:
            raise NO_ROUTE
        need_key()
    return None


def _dated(response: Response) -> Response:
    response.headers["Date"] = formatdate(played().shop.clock().timestamp(), usegmt=True)
    return response


def _error(error: HTTPException) -> ResponseReturnValue:
    if request.path.startswith(f"{ROOT}/") and played().shop.permalinks and not played().shop.troubles.no_rest:
        return answer(NO_ROUTE.body, NO_ROUTE.status)
    title = "Page not found" if error.code == 404 else (error.name or "Error")
    text = f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Response(text, error.code or 500)
