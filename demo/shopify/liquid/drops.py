"""What templates see of an object: named values, worked out when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from liquid.exceptions import LiquidError

Values = Mapping[str, Any]


class UnknownProperty(LiquidError):
    """A template asks an object for something that Shopify's objects of this kind don't have."""

    def __init__(self, kind: str, name: object) -> None:
        super().__init__(f"Shopify's {kind} has no {name!r}", token=None)


class Drop:
    """An object in a template. A value that is a function is called once, when it is first asked for."""

    def __init__(self, kind: str, values: Values, *, text: str = "") -> None:
        self.kind = kind
        self._values = dict(values)
        self._text = text or f"{kind.title()}Drop"

    def __getitem__(self, name: Any) -> Any:
        if name not in self._values:
            raise UnknownProperty(self.kind, name)
        value = self._values[name]
        if callable(value):
            value = self._values[name] = value()
        return value

    def __str__(self) -> str:
        return self._text

    def keys(self) -> list[str]:
        """Names of its values."""
        return list(self._values)


class Lookup:
    """What is asked for things by a name of anybody's choosing, such as a namespace; nil where there is none."""

    def __init__(self, find: Callable[[str], Any]) -> None:
        self._find = find
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: Any) -> Any:
        key = str(name)
        if key not in self._found:
            self._found[key] = self._find(key)
        if self._found[key] is None:
            raise KeyError(name)
        return self._found[key]

    def __str__(self) -> str:
        return ""


class Listing(Sequence[Any]):
    """Objects in a row. Shopify loops over 50 at most, or over a page of them inside `paginate`."""

    MOST = 50

    def __init__(self, items: Sequence[Any]) -> None:
        self.whole = items
        self.begin, self.end = 0, self.MOST

    def cut(self, begin: int, count: int) -> None:
        """Show a page of it."""
        self.begin, self.end = begin, begin + count

    def uncut(self) -> None:
        """Show its beginning again."""
        self.cut(0, self.MOST)

    def __len__(self) -> int:
        return len(self.whole[self.begin : self.end])

    def __getitem__(self, index: Any) -> Any:
        return self.whole[self.begin : self.end][index]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.whole[self.begin : self.end])
