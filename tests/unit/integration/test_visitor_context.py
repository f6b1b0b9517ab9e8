from __future__ import annotations

import pytest

from integration.web.visitor_context import device, kind_of, origins

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1"
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) AppleWebKit/605.1.15 Version/17.0 Safari/605.1.15"


@pytest.mark.parametrize(
    ("agent", "wanted"),
    [(IPHONE, "mobile"), (ANDROID, "mobile"), (WINDOWS, "desktop"), (MAC, "desktop"), ("curl/8.0", "other")],
)
def test_a_browser_tells_its_class_of_device(agent: str, wanted: str) -> None:
    assert device(agent) == wanted


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("www.google.co.uk", "search"),
        ("duckduckgo.com", "search"),
        ("l.facebook.com", "social"),
        ("t.co", "social"),
        ("x.com", "social"),
        ("netflix.com", "other"),
        ("mail.google.com", "email"),
        ("notgoogle.com", "other"),
        ("a-blog.example", "other"),
    ],
)
def test_a_host_tells_the_kind_of_page_that_led_here(host: str, wanted: str) -> None:
    assert kind_of(host) == wanted


def test_what_is_not_known_is_not_said() -> None:
    assert origins(None, "", None) == ()
    assert origins("GB", IPHONE, "t.co") == ("country:GB", "device:mobile", "referrer:social")
