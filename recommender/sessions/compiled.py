"""The door to numba: a function that is compiled at its first call, and whose machine code the next process finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """The same function as machine code. It lets go of the interpreter's lock, so threads search side by side."""
    return cast("Function", njit(nogil=True, cache=True)(function))
