"""The rig itself: what the stand-in shop shows without the plugin's help."""

from __future__ import annotations

import pytest

from tests.wordpress.rig import WordPress

PAGES = (
    "/",
    "/shop/",
    "/product/mug/",
    "/product-category/kitchen/",
    "/cart/",
    "/checkout/",
    "/?s=mug&post_type=product",
    "/?s=nothing-of-this&post_type=product",
)


@pytest.mark.parametrize("wordpress", ["6.5", "6.7"], indirect=True)
@pytest.mark.parametrize("theme", ["block", "classic"])
def test_every_page_of_the_shop_is_shown(wordpress: WordPress, theme: str) -> None:
    wordpress.use_theme(theme)
    thanks = wordpress.order("mug", "bowl")
    for path in (*PAGES, thanks):
        page = wordpress.get(path)
        assert page.status_code == 200, path
        assert "</html>" in page.text, path
    assert wordpress.get("/nothing-here/").status_code == 404


def test_a_notice_is_seen(wordpress: WordPress) -> None:
    wordpress.run("return $nothing;")
    assert "Undefined variable $nothing" in wordpress.complaints()[0]
    wordpress.forget_log()
