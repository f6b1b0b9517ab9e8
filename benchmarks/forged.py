"""What somebody without the app's secret might send, and what a genuine sender sends: drawn at random, by a seed."""

from __future__ import annotations

import base64
import hmac
import json
import string
from collections.abc import Callable, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

CLIENT_ID = "0123456789abcdef0123456789abcdef"
SECRET = "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"  # noqa: S105 -- made up, as all here
OLD_SECRET = "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"  # noqa: S105
BASE64URL = string.ascii_letters + string.digits + "-_"
FOREIGN = (
    "https://evil.example",
    "https://{shop}.evil.example",
    "https://{shop}@evil.example",
    "https://evil.example#.myshopify.com",
    "https://evil.example/{shop}",
    "https://{shop}:444",
    "http://{shop}",
    "https://évil.myshopify.com",
    "{shop}",
    "",
)

Claims = dict[str, Any]
Query = list[tuple[str, str]]


def shop(rng: Random) -> str:
    """A shop's domain."""
    return f"{''.join(rng.choices(string.ascii_lowercase + string.digits, k=rng.randint(3, 20)))}.myshopify.com"


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def _mac(secret: str, text: bytes) -> bytes:
    return hmac.new(secret.encode(), text, "sha256").digest()


def _other(rng: Random, letter: str, letters: str) -> str:
    return rng.choice([each for each in letters if each != letter])


def _changed(rng: Random, text: str, letters: str = BASE64URL) -> str:
    """The text with one letter changed."""
    at = rng.randrange(len(text))
    return text[:at] + _other(rng, text[at], letters) + text[at + 1 :]


def claims(rng: Random, now: int) -> Claims:
    """Those of a genuine ID token."""
    domain = shop(rng)
    return {
        "iss": f"https://{domain}/admin",
        "dest": f"https://{domain}",
        "aud": CLIENT_ID,
        "sub": str(rng.randrange(10**12)),
        "exp": now + 3600,
        "nbf": now - rng.randint(0, 30),
        "iat": now,
        "jti": f"{rng.getrandbits(128):032x}",
        "sid": f"{rng.getrandbits(256):064x}",
    }


def signed(said: Any, secret: str = SECRET, **header: Any) -> str:
    """An ID token with these claims."""
    head = {"alg": "HS256", "typ": "JWT", **header}
    text = ".".join(_encoded(json.dumps(each).encode()) for each in (head, said))
    return f"{text}.{_encoded(_mac(secret, text.encode()))}"


def genuine_token(rng: Random, now: int) -> str:
    """As Shopify makes it, with the app's new secret or the one before."""
    return signed(claims(rng, now), rng.choice((SECRET, OLD_SECRET)))


def _expired(rng: Random, now: int) -> str:
    return signed({**claims(rng, now), "exp": now - rng.randint(60, 10**9)})


def _too_early(rng: Random, now: int) -> str:
    return signed({**claims(rng, now), "nbf": now + rng.randint(3600, 10**9), "exp": now + 2 * 10**9})


def _cross_shop(rng: Random, now: int) -> str:
    name = rng.choice(("iss", "dest"))
    return signed({**claims(rng, now), name: f"https://{shop(rng)}{'/admin' if name == 'iss' else ''}"})


def _no_shop(rng: Random, now: int) -> str:
    where = rng.choice(FOREIGN).format(shop=shop(rng))
    return signed({**claims(rng, now), "iss": f"{where}/admin", "dest": where})


def _of_another_app(rng: Random, now: int) -> str:
    audience = rng.choice((f"{rng.getrandbits(128):032x}", "", CLIENT_ID.upper(), [CLIENT_ID, "another"], None, 5))
    return signed({**claims(rng, now), "aud": audience})


def _of_another_secret(rng: Random, now: int) -> str:
    secret = rng.choice((f"shpss_{rng.getrandbits(128):032x}", "", CLIENT_ID, SECRET[:-1]))
    return signed(claims(rng, now), secret)


def _of_another_algorithm(rng: Random, now: int) -> str:
    token = signed(claims(rng, now), alg=rng.choice(("none", "None", "RS256", "ES256", "HS512", "hs256", "", None, 5)))
    return token if rng.random() < 0.5 else token.rpartition(".")[0] + "."


def _without_a_claim(rng: Random, now: int) -> str:
    said = claims(rng, now)
    said.pop(rng.choice(("iss", "dest", "aud", "sub", "jti", "sid", "exp", "nbf")))
    return signed(said)


def _with_a_wrong_type(rng: Random, now: int) -> str:
    name = rng.choice(("iss", "dest", "sub", "jti", "sid", "exp", "nbf"))
    return signed({**claims(rng, now), name: rng.choice((None, [], {}, "", [1], 1e300, 10**30))})


def _changed_token(rng: Random, now: int) -> str:
    token = signed(claims(rng, now))
    return _changed(rng, token, BASE64URL + "." if rng.random() < 0.2 else BASE64URL)


def _put_together(rng: Random, now: int) -> str:
    one, another = signed(claims(rng, now)), signed(claims(rng, now))
    return f"{one.rpartition('.')[0]}.{another.rpartition('.')[2]}"


def _cut_or_longer(rng: Random, now: int) -> str:
    token = signed(claims(rng, now))
    return rng.choice(
        (token[: rng.randrange(len(token))], token + "=", token + "A", f" {token}", f"{token}\n", token * 9)
    )


def _garbage(rng: Random, _now: int) -> str:
    letters = rng.choice((BASE64URL + ".", string.printable, "äöü€\U0001f9c5\x00.", '[{".:'))
    return "".join(rng.choices(letters, k=rng.randint(0, rng.choice((10, 300, 6000)))))


FORGED_TOKENS: Mapping[str, Callable[[Random, int], str]] = MappingProxyType(
    {
        "expired": _expired,
        "too early": _too_early,
        "of one shop for another": _cross_shop,
        "of no shop": _no_shop,
        "of another app": _of_another_app,
        "signed with another secret": _of_another_secret,
        "of another algorithm": _of_another_algorithm,
        "without a claim": _without_a_claim,
        "with a claim of a wrong type": _with_a_wrong_type,
        "changed by a letter": _changed_token,
        "put together from two": _put_together,
        "cut, or longer": _cut_or_longer,
        "garbage": _garbage,
    }
)

Webhook = tuple[dict[str, str], bytes]


def _body(rng: Random) -> bytes:
    return json.dumps({"id": rng.randrange(10**13), "updated_at": "2026-11-23T10:00:00Z", "variants": []}).encode()


def webhook(rng: Random, body: bytes, signature: str) -> Webhook:
    """A delivery with this signature, of either family of headers."""
    prefix = rng.choice(("X-Shopify-", "Shopify-"))
    told = {"Topic": "products/update", "Shop-Domain": shop(rng), "Webhook-Id": f"{rng.getrandbits(128):032x}"}
    told |= {"API-Version": "2026-10", "Event-Id": f"{rng.getrandbits(128):032x}", "Hmac-Sha256": signature}
    return {prefix + name: value for name, value in told.items()}, body


def _base64_mac(secret: str, body: bytes) -> str:
    return base64.b64encode(_mac(secret, body)).decode()


def genuine_webhook(rng: Random, _now: int) -> Webhook:
    """As Shopify sends it."""
    body = _body(rng)
    return webhook(rng, body, _base64_mac(rng.choice((SECRET, OLD_SECRET)), body))


def _wrong_signature(rng: Random, _now: int) -> Webhook:
    body = _body(rng)
    right = _base64_mac(SECRET, body)
    wrong: Sequence[str] = (
        _changed(rng, right, string.ascii_letters + string.digits),
        _base64_mac(f"shpss_{rng.getrandbits(128):032x}", body),
        _base64_mac("", body),
        _mac(SECRET, body).hex(),
        right[:-1],
        right.swapcase(),
        f"{right}, {right}",
        "",
        "é" * 44,
        "".join(rng.choices(string.printable.strip(), k=rng.randint(0, 100))),
    )
    return webhook(rng, body, rng.choice(wrong))


def _changed_body(rng: Random, _now: int) -> Webhook:
    body = _body(rng)
    at = rng.randrange(len(body))
    other = bytes([(body[at] + rng.randint(1, 255)) % 256])
    changed = rng.choice((body[:at] + other + body[at + 1 :], body + b" ", body[:-1], b"", b"\xef\xbb\xbf" + body))
    return webhook(rng, changed, _base64_mac(SECRET, body))


def _of_another_body(rng: Random, _now: int) -> Webhook:
    return webhook(rng, _body(rng), _base64_mac(SECRET, _body(rng)))


FORGED_WEBHOOKS: Mapping[str, Callable[[Random, int], Webhook]] = MappingProxyType(
    {
        "with a wrong signature": _wrong_signature,
        "changed on its way": _changed_body,
        "of another body": _of_another_body,
    }
)


def _parameters(rng: Random, now: int) -> Query:
    return [
        ("shop", shop(rng)),
        ("logged_in_customer_id", rng.choice(("", str(rng.randrange(10**13))))),
        ("path_prefix", "/apps/shelfwise"),
        ("timestamp", str(now)),
        ("placement", rng.choice(("product", "cart", "home"))),
        ("product", str(rng.randrange(10**13))),
    ]


def query(parameters: Query, secret: str = SECRET) -> str:
    """A query, signed as Shopify signs it."""
    joined: dict[str, list[str]] = {}
    for name, value in parameters:
        joined.setdefault(name, []).append(value)
    text = "".join(f"{name}={','.join(values)}" for name, values in sorted(joined.items()))
    return urlencode([*parameters, ("signature", _mac(secret, text.encode()).hex())])


def genuine_query(rng: Random, now: int) -> str:
    """As Shopify passes it on."""
    return query(_parameters(rng, now), rng.choice((SECRET, OLD_SECRET)))


def _stale_query(rng: Random, now: int) -> str:
    return query(_parameters(rng, now + rng.choice((-1, 1)) * rng.randint(600, 10**9)))


def _with_another_value(rng: Random, now: int) -> str:
    right = query(_parameters(rng, now))
    name, value = rng.choice(
        (("shop", shop(rng)), ("logged_in_customer_id", str(rng.randrange(1, 10**13))), ("product", "x"), ("new", "1"))
    )
    parts = [part for part in right.split("&") if not part.startswith(f"{name}=")]
    return "&".join([*parts, f"{name}={quote(value)}"])


def _twice_or_not(rng: Random, now: int) -> str:
    parameters = _parameters(rng, now)
    place = rng.choice((0, 3))
    again = [*parameters, (parameters[place][0], rng.choice((parameters[place][1], shop(rng))))]
    return query(rng.choice((again, [each for each in parameters if each != parameters[place]])))


def _badly_signed_query(rng: Random, now: int) -> str:
    parts, _, signature = query(_parameters(rng, now)).rpartition("=")
    wrong = (_changed(rng, signature, string.hexdigits.lower()[:16]), "", signature.upper() + "0", "é", signature[:-1])
    other = query(_parameters(rng, now), rng.choice((f"shpss_{rng.getrandbits(128):032x}", "")))
    return rng.choice((f"{parts}={quote(rng.choice(wrong))}", f"{parts}={signature}&signature={signature}", other))


def _of_no_shop(rng: Random, now: int) -> str:
    where = rng.choice(("evil.example", f"{shop(rng)}.evil.example", "", f"{shop(rng)}\n", f"https://{shop(rng)}"))
    return query([("shop", where), *_parameters(rng, now)[1:]])


def _rubbish_query(rng: Random, _now: int) -> str:
    return "".join(rng.choices(string.ascii_letters + "&=%;+\x00é", k=rng.randint(0, 300)))


FORGED_QUERIES: Mapping[str, Callable[[Random, int], str]] = MappingProxyType(
    {
        "stale": _stale_query,
        "with another value": _with_another_value,
        "naming a thing twice or not at all": _twice_or_not,
        "badly signed": _badly_signed_query,
        "of no shop": _of_no_shop,
        "garbage": _rubbish_query,
    }
)
