"""The widget's files, as a shop's theme loads them."""

from __future__ import annotations

from importlib.resources import files

from flask import Blueprint, Response, abort, send_from_directory
from flask.typing import ResponseReturnValue

bp = Blueprint("widgets", __name__, url_prefix="/widgets")

FOLDER = str(files("templates") / "widgets")
FILES = frozenset({"shelfwise.js", "shelfwise.css"})


@bp.get("/<name>")
def widget(name: str) -> ResponseReturnValue:
    """One file. Its name never changes, so browsers ask again after a few minutes."""
    if name not in FILES:
        abort(404)
    sent: Response = send_from_directory(FOLDER, name, max_age=300)
    sent.headers["Access-Control-Allow-Origin"] = "*"
    return sent
