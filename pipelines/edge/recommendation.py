"""The device half of `recommendation`: what someone liked in, what to try next out."""

import difflib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from . import kept_users, plain_text
from .options import Option, checked

TOP, SHOWN = 10, 5  # items of an answer if it is not said, and in a line
REASONS, ASKED = 2, 20  # reasons of each item; items of a history that are tried as reasons
FLAGS = {
    "--liked": 'titles or ids that are liked, such as "A, B, C"',
    "--user": "a user of the training, if it was told to keep histories (keep_users=yes)",
}
FORMS = {"--user": lambda name: json.dumps({"user": name})}  # of flags -> input
OPTIONS = (Option("top", TOP, "items of an answer", 1, 1000),)
FORM = 'Give titles or ids, such as "A; B; C", or JSON such as {"liked": ["A", "B"], "top": 5}'


def predict(
    source: str | os.PathLike | bytes,
    run: Callable[[dict], dict],
    manifest: dict,
    options: Mapping[str, Any] | None = None,
    tell: Callable | None = None,
) -> tuple[dict, dict]:
    """Titles or ids that someone liked -> ({"liked", "recommended", "unknown"}, {}).

    source: names with ; or a line each, or with commas, or JSON of a list, of {"liked", "top"}, or
    of {"user", "top"}, a user of the training; a file or its bytes; `top` of its own comes before
    that of the options. recommended: [{"item", "title", "score", "because"}], the best first;
    because: the liked ones without which the score is lowest. run: {"history": float32 (1, I)} ->
    {"items" (1, K), "scores" (1, K)}. Raises ValueError with a reason.
    """
    known = manifest["learned"]
    chosen = checked(OPTIONS, options or {})
    names, top = wanted(plain_text.read(source), Names(known), chosen["top"])
    history = np.zeros((1, len(known["items"])), np.float32)
    liked, unknown = ids(names, known)
    history[0, liked] = 1
    answer = run({"history": history})
    lowest = manifest["config"]["lowest"] / 2
    _check_top(top, len(answer["items"][0]), len(known["items"]))
    best = [
        (int(i), float(score))
        for i, score in zip(answer["items"][0], answer["scores"][0], strict=True)
        if score > lowest
    ][:top]
    reasons = _reasons(history, liked, best, run)
    found = [
        {
            "item": known["items"][i],
            "title": known["titles"][i],
            "score": score,
            "because": [known["titles"][j] for j in reasons[i]],
        }
        for i, score in best
    ]
    return {
        "liked": [known["titles"][i] for i in liked],
        "recommended": found,
        "unknown": unknown,
    }, {}


def _check_top(top: int, most: int, count: int) -> None:
    """Raises ValueError if there are more items than a file gives, and more are asked for."""
    if top > TOP and most < min(top, count):
        raise ValueError(
            f"wants {top} items, and this model gives {most} at most. Ask for {most}, or train it"
            f" with --set top={top}"
        )


class Names:
    """Items by id and by title, whatever the case."""

    def __init__(self, known: Mapping[str, Sequence[str]]):
        self.learned = known
        self.places: dict[str, int] = {}
        for names in (known["items"], known["titles"]):
            for i, name in enumerate(names):
                self.places.setdefault(plain(name), i)

    def __contains__(self, name: str) -> bool:
        return plain(name) in self.places


def plain(name: str) -> str:
    return " ".join(name.casefold().split())


def wanted(text: str, known: Names, top: int) -> tuple[list[str], int]:
    """(what is liked, how many are wanted) of what someone wrote. Raises ValueError."""
    text = text.strip()
    if text[:1] not in ("{", "[") or text in known:
        return _named(text, known), top
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        names = _named(text, known)
        if names[0] in known:  # its title begins with a bracket
            return names, top
        raise ValueError(f"is no JSON. {FORM}") from error
    return _of_json(given, known, top)


def _named(text: str, known: Names) -> list[str]:
    """One name, or several with line breaks, semicolons or commas between them."""
    if text in known:
        return [text]
    mark = next((mark for mark in ("\n", ";") if mark in text), "")
    return _parts(text.split(mark)) if mark else _by_commas(text.split(","), known)


def _of_json(given: Any, known: Names, top: int) -> tuple[list[str], int]:
    given = {"liked": given} if isinstance(given, list) else given
    liked, top = given.get("liked", []), given.get("top", top)
    if "user" in given and not liked:
        liked = kept_users.items(given["user"], known.learned)
    liked = _named(liked, known) if isinstance(liked, str) else liked
    is_count = isinstance(top, int) and not isinstance(top, bool) and top > 0
    if not isinstance(liked, list) or not is_count:
        raise ValueError(f"must have a list of what is liked, and top of 1 or more. {FORM}")
    return _parts([str(name) for name in liked]), top


def _parts(names: Sequence[str]) -> list[str]:
    return [name.strip() for name in names if name.strip()]


def _by_commas(parts: Sequence[str], known: Names) -> list[str]:
    """Names with commas between them, some of which have commas of their own."""
    found, start = [], 0
    while start < len(parts):
        ends = range(len(parts), start + 1, -1)
        longest = next((end for end in ends if ",".join(parts[start:end]) in known), start + 1)
        found.append(",".join(parts[start:longest]))
        start = longest
    return _parts(found)


def ids(names: Sequence[str], known: Mapping[str, Sequence[str]]) -> tuple[list[int], list[str]]:
    """(places of the items that are known, the other names). Raises ValueError if none is."""
    places = Names(known).places
    unknown = [name for name in names if plain(name) not in places]
    if not names:
        raise ValueError(f"names nothing that is liked. {FORM}")
    if len(unknown) == len(names):
        near = difflib.get_close_matches(plain(unknown[0]), places, 3)
        titles = [known["titles"][places[name]] for name in near] or known["titles"][:3]
        raise ValueError(
            f"names no item of this model: {unknown[0]!r}. It knows {'; '.join(titles)} and others"
        )
    liked = [places[plain(name)] for name in names if plain(name) in places]
    return list(dict.fromkeys(liked)), unknown


def _reasons(
    history: np.ndarray, liked: Sequence[int], best: Sequence[tuple[int, float]], run: Callable
) -> dict[int, list[int]]:
    """{item: the liked ones that it would lose most without}, those that count at all."""
    drops: dict[int, list[tuple[float, int]]] = {i: [] for i, _ in best}
    for j in liked[:ASKED] if len(liked) > 1 else ():
        without = history.copy()
        without[0, j] = 0
        answer = run({"history": without})
        scores = dict(zip(answer["items"][0].tolist(), answer["scores"][0].tolist(), strict=True))
        last = min(scores.values())
        for i, score in best:
            drops[i].append((score - scores.get(i, last), j))
    if len(liked) == 1:
        return {i: list(liked) for i, _ in best}
    return {i: [j for drop, j in sorted(own, reverse=True)[:REASONS] if drop > 0]
            for i, own in drops.items()}  # fmt: skip


def line(answer: Mapping[str, Any]) -> str:
    """An answer as people read it: `Heat (1995) 1.20 because of Ronin (1998); ...`."""
    found = []
    for item in answer["recommended"][:SHOWN]:
        because = f" because of {' and '.join(item['because'])}" if item["because"] else ""
        found.append(f"{item['title']} {item['score']:.2f}{because}")
    more = f" Unknown: {', '.join(answer['unknown'])}." if answer["unknown"] else ""
    return "; ".join(found) + more
