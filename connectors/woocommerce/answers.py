"""What a shop's answer means: its JSON, or which failure it is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import msgspec

from connectors.addresses import BadAddress, normal
from connectors.guarded import Answer, Unanswered, Why
from connectors.woocommerce.failures import Failure, ShopError

LONGEST_WAIT_SECONDS = 120.0
_BOM = b"\xef\xbb\xbf"
# A plugin's notices may stand before the JSON, a cache's comment behind it; it is looked for at so many places.
_STARTS = (b'{"', b"[{", b"[]", b"{}")
_TRIES = 8
_COMMENT = b"<!--"
_BEFORE = (b"\n", b">")
_WHY = {
    Why.ADDRESS: Failure.BAD_ADDRESS,
    Why.NOT_FOUND: Failure.NOT_FOUND,
    Why.REFUSED: Failure.UNREACHABLE,
    Why.BROKEN: Failure.UNREACHABLE,
    Why.CERTIFICATE: Failure.CERTIFICATE,
    Why.TIMEOUT: Failure.TIMEOUT,
    Why.TOO_LARGE: Failure.TOO_LARGE,
    Why.REDIRECTS: Failure.MOVED,
}
_TAKEN_KEYS = frozenset({"woocommerce_rest_authentication_error", "woocommerce_rest_cannot_view"})
_ITS_OWN = "woocommerce_rest_"
_ADVICE = {
    Failure.UNREACHABLE: "Check that the shop is online and that its firewall lets Shelfwise in.",
    Failure.CERTIFICATE: "Have the host install a certificate that browsers trust, for this very name.",
    Failure.TIMEOUT: "The shop is slow or down; it is tried again.",
    Failure.TOO_LARGE: "It is asked for less at once.",
}


class ErrorBody(msgspec.Struct, frozen=True):
    """How WordPress says what is wrong."""

    code: str = ""
    message: str = ""


def unreached(error: Unanswered) -> ShopError:
    """What it means that no answer came."""
    failure = _WHY[error.why]
    advice = _ADVICE.get(failure, "")
    text = str(error)
    sentence = f"{text[:1].upper()}{text[1:].rstrip('.')}."
    return ShopError(failure, f"{sentence} {advice}".strip(), executed=error.executed)


def json_of(answer: Answer) -> bytes:
    """The JSON of an answer, without what plugins printed around it. Raises ShopError where there is none."""
    body = answer.body.removeprefix(_BOM).strip()
    if _is_json(body):
        return body
    end = body.rfind(_COMMENT)
    for begin in _beginnings(body):
        for found in (body[begin:], body[begin:end].rstrip() if end > begin else b""):
            if _is_json(found):
                return found
    raise ShopError(
        Failure.NOT_JSON,
        "The shop answered with a page instead of data. A plugin or a cache may stand before WordPress's REST API.",
        status=answer.status,
    )


def _beginnings(body: bytes) -> Iterator[int]:
    """Where JSON may begin: first of all, or behind a line or a tag. Never within JSON that was cut off."""
    if body.startswith((b"[", b"{")):
        yield 0
        return
    begin = -1
    for _ in range(_TRIES):
        begin = min((at for each in _STARTS if (at := body.find(each, begin + 1)) >= 0), default=-1)
        if begin < 0:
            return
        if begin and body[begin - 1 : begin] in _BEFORE:
            yield begin


def _is_json(body: bytes) -> bool:
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return False
    return True


def failure_of(answer: Answer, method: str) -> ShopError | None:
    """What is wrong with an answer; None where nothing is."""
    if answer.location or 300 <= answer.status < 400:
        return _moved(answer)
    if 200 <= answer.status < 300:
        return None
    told = _told(answer)
    by_status = {401: _unauthorised, 403: _unauthorised, 404: _absent, 429: _busy, 503: _resting}
    judge = by_status.get(answer.status, _server_error if answer.status >= 500 else _bad_request)
    return judge(answer, told, method)


def _told(answer: Answer) -> ErrorBody:
    try:
        return msgspec.json.decode(json_of(answer), type=ErrorBody)
    except (ShopError, msgspec.MsgspecError):
        return ErrorBody()


def _moved(answer: Answer) -> ShopError:
    here = urlsplit(answer.url)
    target = answer.location.partition("?")[0]
    if here.path and target.rstrip("/").endswith(here.path.rstrip("/")):
        target = target.rstrip("/").removesuffix(here.path.rstrip("/"))
    try:
        there = normal(target)
    except BadAddress:
        there = ""
    words = (
        f"The shop sends this address on to {there}. Connect it by that address."
        if there
        else ("The shop redirects its REST API. A plugin that redirects visitors has to leave /wp-json/ alone.")
    )
    return ShopError(Failure.MOVED, words, status=answer.status, moved_to=there)


def _unauthorised(answer: Answer, told: ErrorBody, method: str) -> ShopError:
    if answer.status == 401 and (told.code in _TAKEN_KEYS or told.code.startswith(_ITS_OWN)):
        words = "The shop does not take the keys. They may have been revoked; connect the shop again."
        failure = Failure.WRONG_KEYS
        if "permission" in told.message.lower() and method != "GET":
            words, failure = READ_ONLY, Failure.READ_ONLY
    elif told.code.startswith(_ITS_OWN) or told.code == "rest_cannot_view":
        words = "The user whose keys these are may not do this. Make the keys as an administrator or a shop manager."
        failure = Failure.NOT_ALLOWED
    else:
        words = (
            "The shop's REST API is closed to us. A security plugin or the host's firewall blocks it: allow "
            "/wp-json/wc/ there (for example in Wordfence, iThemes Security, Disable REST API, Cloudflare)."
        )
        failure = Failure.BLOCKED
    return ShopError(failure, words, status=answer.status, code=told.code)


READ_ONLY = (
    "The keys may only read. Make keys with the permission Read/Write in WooCommerce > Settings > Advanced > REST API."
)


def _absent(answer: Answer, told: ErrorBody, _method: str) -> ShopError:
    if told.code == "rest_no_route":
        words, failure = "The shop's WordPress has no such part of its REST API.", Failure.NO_ROUTE
    elif told.code:
        words, failure = "The shop has no such thing.", Failure.NO_SUCH_THING
    else:
        words = (
            "WordPress's REST API was not found. Choose any structure but 'Plain' in Settings > Permalinks and save; "
            "and check that the address is that of the shop's front page."
        )
        failure = Failure.PERMALINKS
    return ShopError(failure, words, status=answer.status, code=told.code)


def _busy(answer: Answer, told: ErrorBody, _method: str) -> ShopError:
    words = "The shop asks for fewer calls; it is left alone for a while."
    return ShopError(Failure.BUSY, words, status=answer.status, code=told.code, after=_wait_of(answer))


def _resting(answer: Answer, told: ErrorBody, _method: str) -> ShopError:
    words = "The shop is in maintenance mode or overloaded; it is tried again later."
    return ShopError(Failure.MAINTENANCE, words, status=answer.status, code=told.code, after=_wait_of(answer))


def _server_error(answer: Answer, told: ErrorBody, _method: str) -> ShopError:
    words = f"The shop has an error of its own (HTTP {answer.status}); its error log says which. It is tried again."
    return ShopError(Failure.BROKEN, words, status=answer.status, code=told.code, executed=True)


def _bad_request(answer: Answer, told: ErrorBody, _method: str) -> ShopError:
    code = f", {told.code}" if told.code else ""
    words = f"The shop refused the call (HTTP {answer.status}{code})."
    return ShopError(Failure.BAD_REQUEST, words, status=answer.status, code=told.code)


def _wait_of(answer: Answer) -> float:
    """Seconds that the shop wants to be left alone, bounded; 0 where it does not say."""
    told = answer.headers.get("retry-after", "").strip()
    if told.isascii() and told.isdigit():
        return min(float(told[:9]), LONGEST_WAIT_SECONDS)
    until = _date(told)
    now = _date(answer.headers.get("date", "")) or datetime.now(UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_WAIT_SECONDS) if until else 0.0


def asked_at(answer: Answer) -> datetime:
    """What the shop's clock said, at the latest, when it looked at what it tells.

    The header is of when the answer was sent, in whole seconds; our own clock is taken where there is none.
    """
    sent = _date(answer.headers.get("date", "")) or datetime.now(UTC)
    return sent - timedelta(seconds=answer.seconds + 1.0)


def _date(text: str) -> datetime | None:
    try:
        told = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError):
        return None
    return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)
