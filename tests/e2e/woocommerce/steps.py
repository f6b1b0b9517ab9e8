"""What a round tells: each step with how it went, and what to do where it did not."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.e2e.woocommerce.rest import Failed


@dataclass
class Report:
    """Prints steps as they end. failures: names of those that did not go as they should."""

    failures: list[str] = field(default_factory=list)
    steps: int = 0

    def step(self, name: str, work: Callable[[], str]) -> bool:
        """Do it, and say how it went. True if it went well. What `work` returns is said beside it."""
        began = time.monotonic()
        self.steps += 1
        try:
            said = work()
        except (Failed, AssertionError) as error:
            self.failures.append(name)
            self._say(f"FAILED  {name}: {error}")
            if advice := getattr(error, "advice", ""):
                self._say(f"        {advice}")
            return False
        self._say(f"ok      {name}{f': {said}' if said else ''} ({time.monotonic() - began:.1f} s)")
        return True

    def end(self) -> int:
        """The last line, and what the program ends with."""
        well = self.steps - len(self.failures)
        self._say(
            f"\n{well} of {self.steps} steps are ok."
            + (f" Failed: {', '.join(self.failures)}." if self.failures else "")
        )
        return 1 if self.failures else 0

    def _say(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def until(ready: Callable[[], bool], seconds: float, what: str, advice: str = "", *, every: float = 0.05) -> float:
    """Wait for something, and give how many seconds it took. Raises Failed when it did not come about."""
    began = time.monotonic()
    while not ready():
        if time.monotonic() - began > seconds:
            raise Failed(f"{what}: not within {seconds:.0f} s", advice)
        time.sleep(every)
    return time.monotonic() - began
