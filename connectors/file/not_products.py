"""Which codes of a till are no products: postage, fees, discounts, vouchers and corrections by hand.

A code is none if
- its usual title is a service's name and nothing else ("POSTAGE", "Bank Charges", "Gift Voucher 20.00"), or
- it is one of the words that tills use for services ("POST", "SHIPPING", "DISCOUNT"), or
- it has at most four letters and no digit ("M", "DOT", "PADS") in a file where nearly every code has a digit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

SHORT = 4
NEARLY_ALL = 0.95

_CODES = frozenset(
    (
        *("post", "postage", "shipping", "ship", "delivery", "carriage", "freight", "handling", "discount", "coupon"),
        *("voucher", "giftcard", "giftvoucher", "fee", "fees", "bankcharges", "amazonfee", "commission", "manual"),
        *("adjust", "adjustment", "correction", "sample", "samples", "tip", "tips", "donation", "rounding"),
        *("deposit", "insurance", "surcharge"),
    )
)
_TITLE = re.compile(
    r"""
    (\w+\ )?(postage|shipping|carriage|freight)(\ (and|&)\ (packing|handling))?(\ (charges?|costs?|fees?))?
    | (next\ day\ |express\ |standard\ )(carriage|delivery|shipping)
    | delivery(\ (charges?|costs?|fees?))?
    | (bank|card|handling|service)\ (charges?|fees?)
    | (\w+\ )?(fees?|commission)
    | (\w+\ )?discount | coupon | manual(\ entry)? | samples? | tips? | rounding
    | (\w+\ )?adjust(ment)?(\ .*)? | bad\ debt.*
    | (\w+\ )?(gift|e-gift)\ ?(voucher|card|certificate)s?(\ [^a-z]*)?
    """,
    re.VERBOSE | re.IGNORECASE,
)


def service_rule(codes: Iterable[str]) -> Callable[[str, str], bool]:
    """The rule for a file with these codes: (code, its usual title) -> whether it is no product."""
    seen = list(codes)
    with_digit = sum(any(map(str.isdigit, code)) for code in seen)
    are_numbers = bool(seen) and with_digit >= NEARLY_ALL * len(seen)

    def is_service(code: str, title: str) -> bool:
        bare = "".join(filter(str.isalnum, code)).casefold()
        if bare in _CODES or _TITLE.fullmatch(" ".join(title.split())):
            return True
        return are_numbers and len(bare) <= SHORT and not any(map(str.isdigit, bare))

    return is_service
