"""The shape that plain values out of a file must have, and one line on what does not fit.

A shape is written as the values look:

    {"task": str, "minutes?": NUMBER, "labels": [str], "files": {str: {"path": str}}}

A type stands for its values, `int` not for true and false. A list of one shape is a list of any
length, a dict with the key `str` has any names, a name that ends in ? may be missing, and further
names are let pass. A tuple lists what a value may be; a pattern is what all of a text must match.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NUMBER = (int, float)
ANY = object
WORDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    dict: "a list of `name: value`",
    list: "a list",
    type(None): "nothing",
}


def misfit(value: Any, shape: Any, at: str = "") -> str:
    """Why `value` is not of `shape`, in a few words that name the place; "" if it is.

    at: the place of `value` in its file, such as files.int8.path.
    """
    special = {
        tuple: _choice_misfit,
        re.Pattern: _text_misfit,
        dict: _dict_misfit,
        list: _list_misfit,
    }
    check = special.get(type(shape), _type_misfit)
    return check(value, shape, at)


def _type_misfit(value: Any, shape: Any, at: str) -> str:
    return "" if _is(value, shape) else _told(at, _word(shape), value)


def _choice_misfit(value: Any, shape: tuple, at: str) -> str:
    """Why a value is of none of several shapes."""
    if "" in (misfit(value, one, at) for one in shape):
        return ""
    return _told(at, " or ".join(dict.fromkeys(map(_word, shape))), value)


def _text_misfit(value: Any, shape: re.Pattern, at: str) -> str:
    fits = isinstance(value, str) and shape.fullmatch(value)
    return "" if fits else _told(at, f"of the form {shape.pattern}", value)


def _is(value: Any, kind: type) -> bool:
    """Whether a value is of a type; true and false are of no other than bool."""
    if isinstance(value, bool):
        return kind in (bool, ANY)
    return isinstance(value, kind)


def _list_misfit(value: Any, shape: list, at: str) -> str:
    if not isinstance(value, list):
        return _told(at, WORDS[list], value)
    found = (misfit(item, shape[0], f"{at}[{i}]") for i, item in enumerate(value))
    return next(filter(None, found), "")


def _dict_misfit(value: Any, shape: Mapping, at: str) -> str:
    if not isinstance(value, dict):
        return _told(at, WORDS[dict], value)
    for name, inner in shape.items():
        if name is str:
            found = (misfit(one, inner, _below(at, key)) for key, one in value.items())
            return next(filter(None, found), "")
        plain = name.removesuffix("?")
        if plain in value:
            found_one = misfit(value[plain], inner, _below(at, plain))
            if found_one:
                return found_one
        elif plain == name:
            return f"it lacks {_below(at, name)!r}"
    return ""


def _below(at: str, name: str) -> str:
    return f"{at}.{name}" if at else str(name)


def _word(shape: Any) -> str:
    if isinstance(shape, re.Pattern):
        return f"of the form {shape.pattern}"
    return WORDS[type(shape) if isinstance(shape, (dict, list)) else shape]


def _told(at: str, wanted: str, value: Any) -> str:
    shown = repr(value)
    shown = shown if len(shown) <= 40 else f"{shown[:40]}..."
    return f"{at or 'it'} must be {wanted}; it is {shown}"
