"""A report as one page that needs nothing else: no script, no file beside it, nothing from the network."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from integration.services.backtest_words import RUNGS, count, percent, sentences, strategy, verdict
from recommender.backtests.backtest import POPULARITY, SERVED
from recommender.backtests.report import TESTED

FOLDER = files("templates") / "reports"
COLUMNS: Mapping[str, str] = {
    "hr@10": "found (HR@10)",
    "ndcg@10": "how high up (NDCG@10)",
    "mrr@10": "MRR@10",
    "recall@10": "recall@10",
    "revenue@10": "by value",
    "coverage": "coverage",
    "novelty": "novelty, bits",
}
KINDS: Mapping[str, str] = {
    "buyers": "Who bought",
    "products": "What was bought",
    "device": "Device",
    "country": "Country",
}
GROUPS: Mapping[str, str] = {
    "returning": "bought before",
    "new": "guests and first orders",
    "head": "best sellers",
    "tail": "everything else",
}
LONGEST_BASKET = 5
SERIES = ("served", "second", "third")


def as_page(found: Mapping[str, Any]) -> str:
    """The page of a report, see `backtests.backtest`; the same report gives the same bytes."""
    environment = Environment(
        loader=FileSystemLoader(str(FOLDER)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    style = (FOLDER / "backtest.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    seen = _tested(found) if found["kind"] == TESTED else _too_little(found)
    template = environment.get_template("backtest.html" if found["kind"] == TESTED else "too_little_data.html")
    # The style is ours, and its hash lets a browser apply it under a policy that forbids everything else.
    return template.render(found=found, said=sentences(found), style=Markup(style), style_hash=digest, **seen)  # noqa: S704


def _too_little(found: Mapping[str, Any]) -> dict[str, Any]:
    ladder = found["ladder"]
    top = max((rung["ndcg@10"] for rung in ladder["rungs"].values()), default=0.0)
    rows = [
        {
            "name": RUNGS[name],
            "figure": {"value": rung["ndcg@10"]},
            "label": f"{rung['ndcg@10']:.3f}",
            "kind": _kind(name == ladder["first_rung"]),
        }
        for name, rung in ladder["rungs"].items()
    ]
    return {"rungs": rows, "top": top or 1.0}


def _tested(found: Mapping[str, Any]) -> dict[str, Any]:
    figures = found["figures"]
    shown = list(dict.fromkeys((SERVED, figures["best_single"]["strategy"], POPULARITY)))
    kinds = dict(zip(shown, SERIES, strict=False))
    weeks = [week["hr@10"] for week in found["weeks"]]
    return {
        "rate": figures["strategies"][SERVED]["hr@10"],
        "ways": _ways(figures),
        "comparisons": [_comparison(figures, name) for name in figures["differences"]],
        "places": [{"name": strategy(name), "kind": kinds[name], "points": found["places"][name]} for name in shown],
        "weeks": [
            {"name": strategy(name), "kind": kinds[name], "points": [week[name]["value"] for week in weeks]}
            for name in shown
        ],
        "band": [week[SERVED] for week in weeks],
        "segments": _segments(figures),
        "examples": [_example(each, found["titles"]) for each in found["examples"]],
        "next_orders": _next_orders(figures["next_orders"]) if "next_orders" in figures else None,
    }


def _next_orders(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ways": _ways(figures),
        "comparisons": [_comparison(figures, name) for name in figures["differences"]],
        "segments": [each for each in _segments(figures) if each["kind"] == "buyers"],
    }


def _kind(marked: bool) -> str:
    return SERIES[0] if marked else "other"


def _ways(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Every strategy, best first: rows of a plot of the hit rate, and of the table of all figures."""
    best_first = sorted(figures["strategies"].items(), key=lambda row: (-row[1]["hr@10"]["value"], row[0]))
    rows = [
        {"name": strategy(name), "figure": row["hr@10"], "kind": _kind(name == SERVED), "all": _cells(row)}
        for name, row in best_first
    ]
    known = [title for key, title in COLUMNS.items() if key in best_first[0][1]]
    return {"rows": rows, "columns": known, "cases": figures["cases"], "top": _top(rows)}


def _cells(row: Mapping[str, Mapping[str, float]]) -> list[str]:
    return [_cell(key, row[key]) for key in COLUMNS if key in row]


def _cell(key: str, figure: Mapping[str, float]) -> str:
    scale, places = (1, 1) if key == "novelty" else (1, 3) if key in {"ndcg@10", "mrr@10"} else (100, 1)
    value, low, high = (f"{scale * figure[name]:.{places}f}" for name in ("value", "low", "high"))
    return f"{value}{' %' if scale == 100 else ''} ({low} to {high})"


def _top(rows: list[dict[str, Any]]) -> float:
    return max((row["figure"]["high"] for row in rows), default=0.0) or 1.0


def _comparison(figures: Mapping[str, Any], name: str) -> dict[str, Any]:
    difference = figures["differences"][name]
    hits, gain = difference["hr@10"], difference["ndcg@10"]
    return {
        "name": strategy(name),
        "figure": hits,
        "points": _signed(hits, ""),
        "gain": _signed(gain["share"], " %") if gain["share"] else "no comparison: it found nothing",
        "verdict": verdict(figures, name),
    }


def _signed(figure: Mapping[str, float], unit: str) -> str:
    value, low, high = (f"{100 * figure[name] + 0.0:+.1f}" for name in ("value", "low", "high"))
    return f"{value}{unit} ({low} to {high})"


def _segments(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = []
    for kind, groups in figures["segments"].items():
        rows = []
        for name, group in groups.items():
            label = f"{GROUPS.get(name, name)} ({count(group['cases'], 'order')})"
            rates = {each: group["strategies"][each]["hr@10"] for each in (SERVED, POPULARITY)}
            rows.append(
                {"name": label, "figure": rates[SERVED], "beside": rates[POPULARITY]["value"], "kind": SERIES[0]}
            )
        found.append({"kind": kind, "title": KINDS.get(kind, kind), "rows": rows, "top": _top(rows)})
    return found


def _example(example: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    def named(numbers: list[int]) -> list[dict[str, Any]]:
        return [{"title": titles[str(number)], "bought": number in example["bought"]} for number in numbers]

    basket = example["basket"][-LONGEST_BASKET:]
    return {
        "basket": named(basket),
        "more": len(example["basket"]) - len(basket),
        "shown": named(example["shown"]),
        "bought": named(example["bought"]),
        "place": example["place"],
    }
