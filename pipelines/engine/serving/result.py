"""Answers as Python and notebooks show them: plain dicts and lists, with a line of text each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from pipelines import markup
from pipelines.task import NOTHING
from pipelines.terminal import shown

LISTED = 20  # answers in the text of a list


class Answer(dict):
    """One answer: a dict whose keys can be read as attributes, too.

    `pictures` has its pictures, {name: uint8 array}, if they were asked for.
    """

    half: ModuleType | None = None
    pictures: Mapping[str, Any] = NOTHING

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError as error:
            has = ", ".join(self)
            raise AttributeError(f"this answer has no {name!r}; it has {has}.") from error

    def line(self) -> str:
        """What it says, without its input."""
        if "error" in self:
            return f"cannot be used: {self['error']}"
        if self.half is not None and hasattr(self.half, "line"):
            return self.half.line(self)
        return json.dumps({k: v for k, v in self.items() if k != "input"}, ensure_ascii=False)

    def __repr__(self) -> str:
        return shown(f"{self.get('input', '')}  {self.line()}")

    def __reduce__(self) -> tuple:
        return dict, (dict(self),)  # a copy in another process has no need of the half


class Answers(list):
    """Answers in the order of their inputs: a list of `Answer`."""

    def __repr__(self) -> str:
        lines = [repr(answer) for answer in self[:LISTED]]
        more = [f"... and {len(self) - LISTED:,} more"] * (len(self) > LISTED)
        return "\n".join(["", *lines, *more]) if len(self) > 1 else "".join(lines) or "[]"

    def _repr_html_(self) -> str:
        rows = [(answer.get("input", ""), answer.line()) for answer in self[:LISTED]]
        left = len(self) - len(rows)
        more = f"... and {left:,} more" if left else ""
        return markup.table(rows, ("input", "answer")) + more


def made(answer: Mapping, half: ModuleType, pictures: Mapping[str, Any]) -> Answer:
    """An answer as `edge.predict.answered` gives it, ready to be shown."""
    result = Answer(answer)
    result.__dict__ |= {"half": half, "pictures": pictures}
    return result
