"""Trouble on demand: what the platform answers instead of an answer, as networks and platforms do."""

from __future__ import annotations

from collections import deque

from flask import Response


class Troubles:
    """Answers that are given next, each once: an HTTP status with whatever such an answer carries."""

    def __init__(self) -> None:
        self._waiting: deque[int] = deque()

    def add(self, *statuses: int) -> None:
        """Answer the next calls of the Admin API so, such as 502, 429, 401, or 200 for a page that is no JSON."""
        self._waiting.extend(statuses)

    def next(self) -> Response | None:
        """The trouble that is due, if any."""
        if not self._waiting:
            return None
        status = self._waiting.popleft()
        headers = {"Retry-After": "0.1"} if status == 429 else {}
        return Response("<html><body>Something went wrong</body></html>", status, headers=headers)
