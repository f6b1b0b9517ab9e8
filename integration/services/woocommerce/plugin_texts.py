"""The plugin's texts, drawn out of its source into the file that translators start from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# A call of one of WordPress's translating functions: its name, then one or two (for a plural) literal texts.
_QUOTED = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_CALL = re.compile(
    rf"\b(?P<name>__|_e|esc_html__|esc_html_e|esc_attr__|esc_attr_e|_x|esc_html_x|esc_attr_x|_n|_nx)"
    rf"\(\s*{_QUOTED}(?:\s*,\s*{_QUOTED})?",
    re.DOTALL,
)
_FOR_TRANSLATORS = re.compile(r"/\*\s*(translators:.*?)\*/", re.DOTALL | re.IGNORECASE)
_HEADER_FIELDS = ("Plugin Name", "Description", "Author")
# WordPress translates these of a block's file, each under its own context.
_BLOCK_FIELDS = {"title": "block title", "description": "block description"}
# A comment for translators stands on the line of its text or just above it.
_LINES_ABOVE = 2


@dataclass
class _Text:
    """A text to translate. comments and places: in the order in which they were found."""

    plural: str = ""
    comments: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)


def pot(files: Mapping[str, str], version: str) -> str:
    """The POT file of a plugin. files: path within the plugin -> text; the same files give the same bytes."""
    texts: dict[tuple[str, str], _Text] = {}
    for path, source in sorted(files.items()):
        for context, text, plural, comment, line in _found(path, source):
            entry = texts.setdefault((context, text), _Text())
            entry.plural = entry.plural or plural
            entry.places.append(f"{path}:{line}")
            if comment and comment not in entry.comments:
                entry.comments.append(comment)
    return _head(version) + "".join(f"\n{_written(*key, entry)}" for key, entry in texts.items())


def _found(path: str, source: str) -> Iterator[tuple[str, str, str, str, int]]:
    """Context, text, plural, comment and line of every text in a file."""
    if path.endswith("/block.json") or path == "block.json":
        yield from _of_block(source)
    elif path.endswith((".php", ".js")):
        yield from _of_header(source)
        yield from _of_calls(source)


def _of_block(source: str) -> Iterator[tuple[str, str, str, str, int]]:
    block = json.loads(source)
    for name, context in _BLOCK_FIELDS.items():
        if block.get(name):
            yield context, block[name], "", "", _line(source, source.index(f'"{name}"'))
    for word in block.get("keywords", ()):
        yield "block keyword", word, "", "", _line(source, source.index('"keywords"'))


def _of_header(source: str) -> Iterator[tuple[str, str, str, str, int]]:
    if "@wordpress-plugin" not in source:
        return
    for name in _HEADER_FIELDS:
        if found := re.search(rf"^ \* {name}:\s*(.+)$", source, re.MULTILINE):
            yield "", found[1].strip(), "", f"{name} of the plugin", _line(source, found.start())


def _of_calls(source: str) -> Iterator[tuple[str, str, str, str, int]]:
    comments = [(_line(source, each.end()), " ".join(each[1].split())) for each in _FOR_TRANSLATORS.finditer(source)]
    for call in _CALL.finditer(source):
        first, second = _plain(call[2]), _plain(call[3] or "''")
        line = _line(source, call.start())
        comment = next((text for at, text in comments if 0 <= line - at <= _LINES_ABOVE), "")
        name = call["name"]
        context, plural = (second, "") if name.endswith("_x") else ("", second if name == "_n" else "")
        yield context, first, plural, comment, line


def _plain(quoted: str) -> str:
    return re.sub(r"\\(['\"\\])", r"\1", quoted[1:-1])


def _line(source: str, at: int) -> int:
    return source.count("\n", 0, at) + 1


def _head(version: str) -> str:
    fields = (
        f"Project-Id-Version: Shelfwise for WooCommerce {version}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",
        "Content-Transfer-Encoding: 8bit",
        "X-Domain: shelfwise",
    )
    lines = "".join(f'"{each}\\n"\n' for each in fields)
    return f'msgid ""\nmsgstr ""\n{lines}'


def _written(context: str, text: str, entry: _Text) -> str:
    lines = [f"#. {comment}" for comment in entry.comments] + [f"#: {place}" for place in entry.places]
    if "%" in text or "%" in entry.plural:
        lines.append("#, php-format")
    if context:
        lines.append(f"msgctxt {_escaped(context)}")
    lines.append(f"msgid {_escaped(text)}")
    if entry.plural:
        lines += [f"msgid_plural {_escaped(entry.plural)}", 'msgstr[0] ""', 'msgstr[1] ""']
    else:
        lines.append('msgstr ""')
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'
