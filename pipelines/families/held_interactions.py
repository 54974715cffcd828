"""Which interactions train a recommender, and which are held out: no interaction is in two
splits."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from etils import epy

from pipelines.families.interactions import Config, Interactions
from pipelines.formats.examples import Problem

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
TENTH = 0.1  # of interactions, users or items, for each of validation and test
HISTORY = 0.8  # of a held-out user's interactions that the model is shown (Liang et al. 2018)
BY_TIME = ("time", "last")
FEWEST = 3  # interactions of a user of which some are held out
TOLD, ASKED, UNUSED = (
    0,
    1,
    2,
)  # of an interaction in a held-out example: shown, to be found, neither


def roles(known: Interactions, config: Config) -> dict[str, list[int]]:
    """{split: a role for each interaction}.

    TOLD: the model is shown it. ASKED: it has to find it. Of the training split all are TOLD. What
    is TOLD for the test is all that came before: training and validation.
    """
    if any(known.splits):
        return _given(known)
    return DIVIDED[config.split](known)


def _given(known: Interactions) -> dict[str, list[int]]:
    """As the data says; which of validation and test is missing is cut at random out of train."""
    own = list(known.splits)
    for missing in (VALIDATION, TEST):
        if missing not in own:
            _cut(known, own, missing)
    found = _roles([SPLITS.index(split) for split in own])
    for split in (VALIDATION, TEST):
        _show(known, found[split])
    return found


def _cut(known: Interactions, own: list[str], missing: str) -> None:
    """Gives a part of train to the split that is missing."""
    rest = [i for i, split in enumerate(own) if split == TRAIN]
    part = _random(known.take(rest))[missing]
    for i, role in zip(rest, part, strict=True):
        if role == ASKED:
            own[i] = missing


def _show(known: Interactions, role: list[int]) -> None:
    """Of users of whom nothing is told, as all of theirs is held out, four fifths are told."""
    for rows in by_user(known).values():
        asked = [i for i in rows if role[i] == ASKED]
        if asked and all(role[i] != TOLD for i in rows):
            for i in _mixed(known, asked)[: int(HISTORY * len(asked))]:
                role[i] = TOLD


def _roles(places: Sequence[int]) -> dict[str, list[int]]:
    """Split numbers -> roles: what lies in an earlier split is told, what lies in a later is
    not."""
    kept = np.asarray(places)
    found = {}
    for number, split in enumerate(SPLITS):
        wanted = TOLD if split == TRAIN else ASKED
        role = np.where(kept < number, TOLD, np.where(kept == number, wanted, UNUSED))
        found[split] = role.tolist()
    return found


def _random(known: Interactions) -> dict[str, list[int]]:
    """A tenth each of each user's interactions, at least one of three, by a hash."""
    keys = [hashed(u, i) for u, i in zip(known.users, known.items, strict=True)]
    return _within(known, keys)


def _last(known: Interactions) -> dict[str, list[int]]:
    """The last of each user, and the one before."""
    order = np.arange(len(known)) if known.times is None else known.times
    return _within(known, order, lambda n: 1)


def _within(
    known: Interactions, keys: Any, count: Callable = lambda n: max(1, int(n * TENTH))
) -> dict[str, list[int]]:
    """The ends of each user's interactions in the order of `keys`."""
    places = [0] * len(known)
    for rows in by_user(known).values():
        if len(rows) < FEWEST:
            continue
        ordered, n = sorted(rows, key=lambda i: keys[i]), count(len(rows))
        for place, own in ((2, ordered[-n:]), (1, ordered[-2 * n : -n])):
            for i in own:
                places[i] = place
    return _roles(places)


def _time(known: Interactions) -> dict[str, list[int]]:
    """The last tenth in time of all, and the tenth before it."""
    order = np.argsort(np.arange(len(known)) if known.times is None else known.times, kind="stable")
    places = np.zeros(len(known), int)
    tenth = max(1, int(len(known) * TENTH))
    places[order[-2 * tenth :]] = 1
    places[order[-tenth:]] = 2
    return _roles(places.tolist())


def _users(known: Interactions) -> dict[str, list[int]]:
    """A tenth each of the users, of whom a model is told four fifths of what they did."""
    found: dict[str, list[int]] = {split: [UNUSED] * len(known) for split in SPLITS}
    parts = _parts(known.users)
    for user, rows in by_user(known).items():
        split = SPLITS[parts[user]]
        ordered = _mixed(known, rows)
        told = len(ordered) if split == TRAIN else max(1, int(HISTORY * len(ordered)))
        for place, i in enumerate(ordered):
            found[split][i] = TOLD if place < told else ASKED
    return found


def _items(known: Interactions) -> dict[str, list[int]]:
    """A tenth each of the items, which training has never seen."""
    parts = _parts(known.items)
    cold = np.array([parts[item] for item in known.items])
    found = {TRAIN: np.where(cold == 0, TOLD, UNUSED).tolist()}
    for number in (1, 2):
        role = np.where(cold == 0, TOLD, np.where(cold == number, ASKED, UNUSED))
        found[SPLITS[number]] = role.tolist()
    return found


DIVIDED: Mapping[str, Callable[[Interactions], dict[str, list[int]]]] = {
    "random": _random, "last": _last, "time": _time, "users": _users, "items": _items,
}  # fmt: skip


def few(known: Interactions, config: Config) -> str:
    """What is needed if all is held out, for a message."""
    if any(known.splits):
        return "The column of splits must name interactions of train."
    counts = {"users": len(set(known.users)), "items": len(set(known.items))}
    what = config.split if config.split in counts else "interactions"
    return (
        f"split={config.split} needs {FEWEST} {what}, one for each split; there are"
        f" {counts.get(what, len(known))}. Add some, or take another split=."
    )


def checks(known: Interactions, config: Config) -> Iterator[Problem]:
    """A warning if the order in time is asked for and there are no times."""
    if config.split in BY_TIME and known.times is None and not any(known.splits):
        message = (
            f"split={config.split} needs times and there is no column of them, so the order of the"
            " rows is taken for it. Name the column: --set time=COLUMN"
        )
        yield Problem("warning", "no-times", "interactions", message)


def by_user(known: Interactions) -> dict[str, list[int]]:
    """{user: places of the interactions}."""
    found: dict[str, list[int]] = {}
    for i, user in enumerate(known.users):
        found.setdefault(user, []).append(i)
    return found


def _mixed(known: Interactions, rows: Sequence[int]) -> list[int]:
    """Rows in an order that says nothing."""
    return sorted(rows, key=lambda i: hashed(known.users[i], known.items[i]))


def _parts(keys: Sequence[str]) -> dict[str, int]:
    """{key: 0, 1 or 2}, a tenth each 1 and 2 in the order of their hashes, one at least."""
    ordered = sorted(dict.fromkeys(keys), key=lambda key: hashed(key))
    tenth = max(1, int(len(ordered) * TENTH))
    return {key: _part(place, tenth) for place, key in enumerate(ordered)}


def _part(place: int, tenth: int) -> int:
    return max(0, 2 - place // tenth)


def hashed(*keys: str) -> bytes:
    """What puts keys in an order that says nothing of them, 8 bytes."""
    return hashlib.sha256("\0".join(keys).encode("utf-8", "surrogatepass")).digest()[:8]


def examples(
    known: Interactions, role: Sequence[int], split: str
) -> Iterator[tuple[str, list[int], list[int]]]:
    """(user, what is told, what is asked), places of the interactions, of each user of a split.

    Of the training split, all that is told. A user of whom nothing is told, or nothing asked where
    something is, gives no example.
    """
    for user, rows in by_user(known).items():
        told = [i for i in rows if role[i] == TOLD]
        asked = [i for i in rows if role[i] == ASKED]
        if told and (asked or split == TRAIN):
            yield user, told, asked
