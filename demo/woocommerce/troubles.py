"""Trouble on demand: what sites answer instead of an answer, and what stands between them and the world."""

from __future__ import annotations

import threading
import time
from collections import deque

from flask import Response

MAINTENANCE = (
    "<!DOCTYPE html>\n<html><head><title>Maintenance</title></head><body>\n"
    "<h1>Briefly unavailable for scheduled maintenance. Check back in a minute.</h1>\n</body></html>"
)
FORBIDDEN = "<html><head><title>403 Forbidden</title></head><body><h1>Your access was limited</h1></body></html>"
CRITICAL = "<!DOCTYPE html><html><body><p>There has been a critical error on this website.</p></body></html>"
LOGIN_ONLY = {
    "code": "rest_not_logged_in",
    "message": "You are not currently logged in.",
    "data": {"status": 401},
}
NOTICE = (
    "<br />\n<b>Notice</b>:  Undefined index: foo in <b>/wp-content/plugins/old/old.php</b> on line <b>7</b><br />\n"
)


class Troubles:
    """Switches, which may be set at any time, and answers that are given once each.

    maintenance: the whole site says 503. firewall: a security plugin answers REST with an HTML 403. login_only: one
    that answers it with JSON 401. no_rest: REST answers 404 as if it were a page. notice: PHP's complaint stands before
    every JSON. bom: a byte order mark does. strips_authorization: the server takes the header away. slow_seconds: every
    REST answer waits. per_second: more calls than this get 429. unstable: things of the same second change places from
    page to page, as a database may.
    """

    def __init__(self) -> None:
        self.maintenance = self.firewall = self.login_only = self.no_rest = False
        self.notice = self.bom = self.strips_authorization = self.unstable = False
        self.slow_seconds = 0.0
        self.per_second = 0
        self._once: deque[int] = deque()
        self._second, self._calls = 0, 0
        self._lock = threading.Lock()

    def add(self, *statuses: int) -> None:
        """Answer the next REST calls so: 502, 429, 500; 200 for a page that is no JSON."""
        self._once.extend(statuses)

    def next(self) -> Response | None:
        """What a REST call is answered with instead, if anything."""
        if self.slow_seconds:
            time.sleep(self.slow_seconds)
        if self.firewall:
            return Response(FORBIDDEN, 403)
        if self._too_many():
            return Response("Too many requests", 429, headers={"Retry-After": "1"})
        if not self._once:
            return None
        status = self._once.popleft()
        headers = {"Retry-After": "1"} if status in {429, 503} else {}
        return Response(CRITICAL, status, headers=headers)

    def before_json(self) -> str:
        """What stands before every JSON."""
        return ("\ufeff" if self.bom else "") + (NOTICE if self.notice else "")

    def _too_many(self) -> bool:
        if not self.per_second:
            return False
        with self._lock:
            second = int(time.time())
            if second != self._second:
                self._second, self._calls = second, 0
            self._calls += 1
            return self._calls > self.per_second
