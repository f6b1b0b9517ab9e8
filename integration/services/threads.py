"""How many threads numeric libraries may start, which they only ask before they are first imported."""

from __future__ import annotations

import os
from collections.abc import MutableMapping

VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def leave_threads_to_implicit(environ: MutableMapping[str, str] | None = None) -> None:
    """One BLAS thread a caller: implicit runs its own threads, and both together slow each other down.

    Call it before numpy is imported. A value that is set already stays.
    """
    target = os.environ if environ is None else environ
    for name in VARIABLES:
        target.setdefault(name, "1")
