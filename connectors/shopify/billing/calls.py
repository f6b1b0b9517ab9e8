"""A call that may be repeated: what is asked here changes nothing, or is counted once by its key."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connectors.errors import PlatformError
from connectors.shopify.api import PLATFORM
from connectors.shopify.graphql.transport import HttpAnswer, Unanswered

ATTEMPTS = 3
FIRST_PAUSE_SECONDS = 1.0
# The longest pause between two attempts that an answer may ask for; a longer one is left to the next job.
LONGEST_PAUSE_SECONDS = 20.0

Wait = Callable[[float], None]


def call(what: str, send: Callable[[], HttpAnswer], wait: Wait) -> HttpAnswer:
    """The answer, whatever it says, once it is neither "too many" nor a failure of the server's.

    wait: seconds. Raises PlatformError, retryable, when the last attempt went as the others did.
    """
    message = ""
    for attempt in range(ATTEMPTS):
        pause = FIRST_PAUSE_SECONDS * 2**attempt
        try:
            answer = send()
        except Unanswered as error:
            message = str(error)
        else:
            if answer.status not in {408, 429} and answer.status < 500:
                return answer
            message = f"HTTP {answer.status}"
            pause = max(pause, _asked_pause(answer.headers))
        if attempt + 1 == ATTEMPTS or pause > LONGEST_PAUSE_SECONDS:
            break
        wait(pause)
    raise PlatformError(PLATFORM, f"{what}: {message}", retryable=True)


def _asked_pause(headers: Mapping[str, str]) -> float:
    try:
        return float(headers.get("Retry-After", ""))
    except ValueError:
        return 0.0
