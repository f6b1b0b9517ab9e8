"""Money as Shopify writes it. Amounts in templates are hundredths of the currency, whatever the currency."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

# Each as a shop's "money format" setting has it.
FORMATS = {
    "GBP": "£{{amount}}",
    "USD": "${{amount}}",
    "EUR": "€{{amount_with_comma_separator}}",
    "SEK": "{{amount_with_comma_separator}} kr",
    "CHF": "CHF {{amount_with_apostrophe_separator}}",
    "JPY": "¥{{amount_no_decimals}}",
}
# The name in the format -> decimals, what stands between thousands, what stands before the decimals.
SHAPES = {
    "amount": (2, ",", "."),
    "amount_with_comma_separator": (2, ".", ","),
    "amount_with_apostrophe_separator": (2, "'", "."),
    "amount_no_decimals": (0, ",", "."),
}


def written(cents: int, currency: str) -> str:
    """An amount with its currency's sign."""
    shape = FORMATS.get(currency, f"{currency} {{{{amount}}}}")
    name = shape[shape.index("{{") + 2 : shape.index("}}")]
    return shape.replace("{{" + name + "}}", _digits(cents, *SHAPES[name]))


def plain(cents: int) -> str:
    """An amount without its sign."""
    return _digits(cents, *SHAPES["amount"])


def cents(amount: Decimal) -> int:
    """An amount as templates have it."""
    return int((amount * 100).quantize(Decimal(1), ROUND_HALF_UP))


def _digits(amount: int, decimals: int, thousands: str, point: str) -> str:
    number = (Decimal(amount) / 100).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    whole, _, rest = f"{number:,}".partition(".")
    return whole.replace(",", thousands) + (point + rest if rest else "")
