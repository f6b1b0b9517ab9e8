"""The plugin, to be downloaded with this installation's address in it, and what to do with it."""

from __future__ import annotations

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from integration.web.services import services
from integration.web.woocommerce import pages

bp = Blueprint("woocommerce_install", __name__, url_prefix="/install", template_folder=pages.TEMPLATES)


@bp.get("/woocommerce")
def steps() -> ResponseReturnValue:
    """What a merchant does first."""
    return pages.page("install.html", title="Shelfwise for WooCommerce")


@bp.get("/woocommerce/plugin.zip")
def plugin() -> ResponseReturnValue:
    """The plugin."""
    from integration.services.woocommerce.plugin_zip import plugin_zip

    headers = {"Content-Disposition": 'attachment; filename="shelfwise.zip"', "Cache-Control": "no-cache"}
    return Response(plugin_zip(services().settings.public_url), 200, headers, content_type="application/zip")
