"""HTML for notebooks: small tables of facts, with every text escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from pipelines.terminal import shown


def escaped(value: object) -> str:
    """Any text as HTML."""
    return html.escape(shown(value))


def escaped_lines(text: str) -> str:
    """Text of several lines as HTML, which keeps them."""
    return "\n".join(map(escaped, text.split("\n")))


def table(rows: Iterable[Sequence], header: Sequence = ()) -> str:
    """Rows of values, and maybe their headings, as a table."""
    head = f"<tr>{_cells(header, 'th')}</tr>" if header else ""
    body = "".join(f"<tr>{_cells(row, 'td')}</tr>" for row in rows)
    return f"<table>{head}{body}</table>"


def page(title: str, *parts: str) -> str:
    """A heading over parts that are HTML already."""
    return f"<div><p><b>{escaped(title)}</b></p>{''.join(parts)}</div>"


def framed(document: str, height_px: int) -> str:
    """A whole HTML document within another, which its styles do not touch and which runs no
    script."""
    source = html.escape(document, quote=True)
    style = f"width:100%;height:{height_px}px;border:0"
    return f'<iframe sandbox srcdoc="{source}" style="{style}"></iframe>'


def _cells(values: Sequence, tag: str) -> str:
    style = ' style="text-align:left"'
    return "".join(f"<{tag}{style}>{escaped(value)}</{tag}>" for value in values)
