"""Expressions of rules: checked that none can run for ever, and written so that Python and a
browser read them alike."""

import re
import warnings
from collections.abc import Callable
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from pipelines.edge import rules
from pipelines.errors import PipelineError

WAYS = 100_000  # in which an expression may be tried on a word
ONE = (codes.LITERAL, codes.NOT_LITERAL, codes.IN, codes.ANY)  # a character
REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)
SPACES = r"\u0009-\u000d\u0020"
CLASSES = {
    codes.CATEGORY_DIGIT: r"\d",
    codes.CATEGORY_NOT_DIGIT: r"\D",
    codes.CATEGORY_WORD: r"\w",
    codes.CATEGORY_NOT_WORD: r"\W",
    codes.CATEGORY_SPACE: SPACES,
    codes.CATEGORY_NOT_SPACE: r"\u0000-\u0008\u000e-\u001f\u0021-\U0010ffff",
}
PLACES = {
    codes.AT_BEGINNING: "^",
    codes.AT_BEGINNING_STRING: "^",
    codes.AT_END: "$",
    codes.AT_END_STRING: "$",
    codes.AT_BOUNDARY: r"\b",
    codes.AT_NON_BOUNDARY: r"\B",
}


def checked(pattern: object, where: str) -> str:
    """An expression that a whole word has to fit, in a form that both clients read alike.

    Letters are ASCII for `\\w`, `\\d` and `\\s`. Raises PipelineError, which begins with `where`,
    for what is no expression, for what a rule may not have, and for an expression that could be
    tried in more than WAYS ways on a word of `rules.LONGEST` letters.
    """
    if not isinstance(pattern, str) or not pattern:
        raise PipelineError(f"{where} has a pattern that is no text: {shown(pattern)}.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python may read otherwise one day, such as [a&&b]
            tree = _parser.parse(pattern, re.ASCII)
    except (re.error, OverflowError, RecursionError, FutureWarning) as error:
        raise PipelineError(f"{where}: {pattern!r} is no expression: {error}.") from error
    if tree.state.flags & ~re.ASCII:
        raise _other(pattern, where, "a flag such as (?i)")
    if _ways(tree, pattern, where) > WAYS:
        raise PipelineError(
            f"{where}: {shown(pattern)} could be tried in more than {WAYS:,} ways on one word, and"
            " might run for ever. Repeat only what has no repetition or choice within, and fewer"
            " things."
        )
    return _written(tree)


def _ways(tree: Any, pattern: str, where: str) -> int:
    """In how many ways an expression can be laid over a word of `rules.LONGEST` letters, at
    most."""
    total = 1
    for code, argument in tree:
        total = min(total * _ways_of(code, argument, pattern, where), WAYS + 1)
    return total


def _ways_of(code: object, argument: Any, pattern: str, where: str) -> int:
    if code in ONE or code is codes.AT:
        return 1
    if code is codes.SUBPATTERN and not any(argument[1:3]):
        return _ways(argument[-1], pattern, where)
    if code is codes.BRANCH:
        return sum(_ways(part, pattern, where) for part in argument[1])
    if code in REPEATS:
        low, high, body = argument
        each = _ways(body, pattern, where)
        counts = range(min(low, rules.LONGEST), min(int(high), rules.LONGEST) + 1)
        return sum(min(each**count, WAYS + 1) for count in counts)
    raise _other(pattern, where, str(code).lower())


def _other(pattern: str, where: str, what: str) -> PipelineError:
    return PipelineError(
        f"{where}: {shown(pattern)} has {what}, which rules do not have. Use letters, classes,"
        " groups, choices and repetitions."
    )


def _written(tree: Any) -> str:
    """The expression again, with nothing that JavaScript takes for something else."""
    return "".join(_one(code, argument) for code, argument in tree)


def _one(code: object, argument: Any) -> str:
    if code in REPEATS:
        low, high, body = argument
        most = "" if high is codes.MAXREPEAT else high
        return f"(?:{_written(body)}){{{low},{most}}}{'' if code is codes.MAX_REPEAT else '?'}"
    write = WRITTEN.get(code, _group)
    return write(argument)


def _group(argument: Any) -> str:
    return f"(?:{_written(argument[-1])})"


def _set(items: Any) -> str:
    """A class of characters. Ranges past the first 65,536 characters are written as themselves."""
    found = ""
    for code, argument in items:
        if code is codes.NEGATE:
            found += "^"
        elif code is codes.RANGE:
            found += f"{_letter(argument[0])}-{_letter(argument[1])}"
        elif code is codes.CATEGORY:
            found += CLASSES[argument].replace(r"\U0010ffff", "\U0010ffff")
        else:
            found += _letter(argument)
    return f"[{found}]"


def _letter(point: int) -> str:
    letter = chr(point)
    if letter.isascii() and letter.isalnum():
        return letter
    return letter if point > 0xFFFF else f"\\u{point:04x}"


def shown(value: object) -> str:
    """A value of a file as a message names it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _not_letter(argument: Any) -> str:
    return f"[^{_letter(argument)}]"


def _any(argument: Any) -> str:
    return r"[^\u000a]"


def _branch(argument: Any) -> str:
    return f"(?:{'|'.join(map(_written, argument[1]))})"


WRITTEN: dict[object, Callable[[Any], str]] = {  # how a part of an expression is written
    codes.LITERAL: _letter,
    codes.NOT_LITERAL: _not_letter,
    codes.ANY: _any,
    codes.IN: _set,
    codes.AT: PLACES.__getitem__,
    codes.BRANCH: _branch,
}
