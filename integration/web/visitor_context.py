"""What a request itself tells of a visitor, by classes too wide to know anybody again; nothing of it is kept."""

from __future__ import annotations

import re
from functools import lru_cache

from recommender.serving.origins import COUNTRY, named

MOBILE = re.compile(r"mobi|android|iphone|ipad|ipod|windows phone", re.IGNORECASE)
DESKTOP = re.compile(r"windows nt|macintosh|cros|x11", re.IGNORECASE)
# Parts of host names, of those that lead most visitors to shops.
REFERRERS = {
    "email": re.compile(r"(^|\.)(mail|webmail|outlook|newsletter)\.|\.list-manage\.com$", re.IGNORECASE),
    "search": re.compile(
        r"(^|\.)(google|bing|duckduckgo|yahoo|ecosia|baidu|yandex|startpage|qwant|naver|seznam)\.", re.IGNORECASE
    ),
    "social": re.compile(
        r"(^|\.)(facebook|instagram|pinterest|tiktok|youtube|reddit|linkedin|twitter|snapchat|vk)\.|(^|\.)(x\.com|t\.co)$",
        re.IGNORECASE,
    ),
}


def origins(country: str | None, user_agent: str, referrer: str | None) -> tuple[str, ...]:
    """What a visit comes from, as a model calls it: country, class of device, kind of the page that led here.

    country: ISO 3166, upper case. referrer: a host name; None says nothing, as an unknown country does.
    """
    told = [] if country is None else [named(COUNTRY, country)]
    if user_agent:
        told.append(named("device", device(user_agent)))
    if referrer is not None:
        told.append(named("referrer", kind_of(referrer)))
    return tuple(told)


@lru_cache(maxsize=4096)
def device(user_agent: str) -> str:
    """The class of device that a browser says it runs on: mobile, desktop or other."""
    if MOBILE.search(user_agent):
        return "mobile"
    return "desktop" if DESKTOP.search(user_agent) else "other"


def kind_of(host: str) -> str:
    """The kind of page that leads to a shop, by its host: email, search, social or other."""
    return next((kind for kind, pattern in REFERRERS.items() if pattern.search(host)), "other")
