"""Shopify's own tags, as far as they are used here.

https://shopify.dev/docs/api/liquid/tags
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, TextIO

from liquid import BlockNode, Node, RenderContext, Tag, Token, TokenStream
from liquid.builtin.expressions import KeywordArgument, parse_primitive
from liquid.exceptions import LiquidSyntaxError
from liquid.expression import Expression
from liquid.parser import get_parser
from liquid.token import TOKEN_COMMA, TOKEN_TAG

from demo.shopify.liquid.drops import Drop, Listing
from demo.shopify.liquid.page import page_of

# What a theme's renderer leaves among the globals, so that `section` and `content_for` can ask for it.
SECTION, SECTIONS, BLOCKS = "the section", "the sections", "the blocks"


class _Asked(Node):
    """A tag that somebody else answers: a theme's renderer."""

    def __init__(self, token: Token, whom: str, what: Expression) -> None:
        super().__init__(token)
        self.whom, self.what = whom, what

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        answer: Callable[[str], str] = context.globals[self.whom]  # type: ignore[assignment]
        return buffer.write(answer(str(self.what.evaluate(context))))


class _AskedTag(Tag):
    block = False
    whom = ""

    def parse(self, stream: TokenStream) -> Node:
        """Read the name that follows."""
        token = stream.eat(TOKEN_TAG)
        tokens = stream.into_inner(tag=token, eat=False)
        what = parse_primitive(self.env, tokens)
        tokens.expect_eos()
        return _Asked(token, self.whom, what)


class SectionTag(_AskedTag):
    """{% section 'name' %}: a section of the theme."""

    name = "section"
    whom = SECTION


class SectionsTag(_AskedTag):
    """{% sections 'name' %}: a group of sections, such as the header's."""

    name = "sections"
    whom = SECTIONS


class ContentForTag(_AskedTag):
    """{% content_for 'blocks' %}: the blocks of the section, in the merchant's order."""

    name = "content_for"
    whom = BLOCKS


class _Wrapped(Node):
    """Text around a block. Its opening may need the context."""

    def __init__(self, token: Token, begin: Callable[[RenderContext], str], block: BlockNode, end: str) -> None:
        super().__init__(token)
        self.begin, self.block, self.end = begin, block, end

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        buffer.write(self.begin(context))
        self.block.render(context, buffer)
        return buffer.write(self.end)


class StyleTag(Tag):
    """{% style %}: CSS with Liquid in it."""

    name = "style"
    end = "endstyle"

    def parse(self, stream: TokenStream) -> Node:
        """Read the block."""
        token = stream.eat(TOKEN_TAG)
        block = _block(self, stream)
        return _Wrapped(token, lambda _context: "<style data-shopify>", block, "</style>")


class FormTag(Tag):
    """{% form 'type', object, class: '...' %}: a form with the address and the hidden fields of its type."""

    name = "form"
    end = "endform"

    ADDRESSES: Mapping[str, str] = {"product": "/cart/add", "cart": "/cart", "localization": "/localization"}

    def parse(self, stream: TokenStream) -> Node:
        """Read the type, the object that it is about, and attributes of the form."""
        token = stream.eat(TOKEN_TAG)
        tokens = stream.into_inner(tag=token)
        kind = parse_primitive(self.env, tokens)
        if tokens.current.kind == TOKEN_COMMA and tokens.peek.value != "class":
            next(tokens)
            parse_primitive(self.env, tokens)
        attributes = KeywordArgument.parse(self.env, tokens)
        return _Wrapped(token, lambda context: self._begin(context, kind, attributes), _block(self, stream), "</form>")

    def _begin(self, context: RenderContext, kind: Expression, attributes: Sequence[KeywordArgument]) -> str:
        name = str(kind.evaluate(context))
        if name not in self.ADDRESSES:
            raise LiquidSyntaxError(f"no form is of the type {name!r}", token=None)
        action = page_of(context.globals).root + self.ADDRESSES[name]
        shown = "".join(f' {each.name}="{escape(str(each.value.evaluate(context)))}"' for each in attributes)
        hidden = f'<input type="hidden" name="form_type" value="{escape(name)}">'
        return f'<form method="post" action="{escape(action)}" accept-charset="UTF-8"{shown}>{hidden}'


class _Paged(Node):
    def __init__(self, token: Token, what: Expression, size: Expression, block: BlockNode) -> None:
        super().__init__(token)
        self.what, self.size, self.block = what, size, block

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        listing, size = self.what.evaluate(context), int(str(self.size.evaluate(context)))
        assert isinstance(listing, Listing)
        page = page_of(context.globals)
        number = max(int(page.query.get("page", "1")) if page.query.get("page", "1").isdecimal() else 1, 1)
        listing.cut((number - 1) * size, size)
        try:
            with context.extend({"paginate": _paginate(listing, number, size)}):
                return self.block.render(context, buffer)
        finally:
            listing.uncut()


class PaginateTag(Tag):
    """{% paginate list by 12 %}: a page of a long list."""

    name = "paginate"
    end = "endpaginate"

    def parse(self, stream: TokenStream) -> Node:
        """Read the list and the size of a page."""
        token = stream.eat(TOKEN_TAG)
        tokens = stream.into_inner(tag=token)
        what = parse_primitive(self.env, tokens)
        if tokens.current.value != "by":
            raise LiquidSyntaxError("expected paginate list by size", token=token)
        next(tokens)
        size = parse_primitive(self.env, tokens)
        return _Paged(token, what, size, _block(self, stream))


class _Nothing(Node):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        return 0


class LayoutTag(Tag):
    """{% layout none %}: what is rendered is the whole answer; whoever renders looks for it."""

    name = "layout"
    block = False

    def parse(self, stream: TokenStream) -> Node:
        """Read the name."""
        token = stream.eat(TOKEN_TAG)
        parse_primitive(self.env, stream.into_inner(tag=token, eat=False))
        return _Nothing(token)


def _block(tag: Tag, stream: TokenStream) -> BlockNode:
    block = get_parser(tag.env).parse_block(stream, frozenset({tag.end}))
    stream.expect(TOKEN_TAG, value=tag.end)
    return block


def _paginate(listing: Listing, number: int, size: int) -> Drop:
    pages = max(-(-len(listing.whole) // size), 1)
    values: dict[str, Any] = {
        "current_page": number,
        "pages": pages,
        "items": len(listing.whole),
        "page_size": size,
        "previous": None if number == 1 else Drop("part", {"url": f"?page={number - 1}", "title": number - 1}),
        "next": None if number >= pages else Drop("part", {"url": f"?page={number + 1}", "title": number + 1}),
    }
    return Drop("paginate", values)


TAGS: Sequence[type[Tag]] = (
    SectionTag,
    SectionsTag,
    ContentForTag,
    StyleTag,
    FormTag,
    PaginateTag,
    LayoutTag,
)
