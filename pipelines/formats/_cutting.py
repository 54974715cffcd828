"""Which split an example without one falls to: by a hash of its name, and no class is left out."""

import collections
import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence

CUT = {0: "test", 1: "validation"}  # a tenth of all names -> the split that it falls to
ENOUGH = 3  # examples of a class of which each split gets one

Places = dict[str, str]  # key: split


def places(keys: Iterable[str], missing: Sequence[str], classes: Sequence[int] = ()) -> Places:
    """{key: train, or one of the splits that are `missing`}.

    keys: of the examples; those with the same key stay together. classes: of each example, or
        empty. A class of ENOUGH keys has at least one in each of these splits: if the hash gives
        it none, the key that comes first by its hash is moved, out of the split with the most.
    """
    keys = list(keys)
    found = {key: _place(key, missing) for key in keys}
    for members in _by_class(keys, classes).values():
        if len(members) >= ENOUGH:
            found |= _moved({key: found[key] for key in members}, ("train", *missing))
    return found


def folds(keys: Iterable[str], count: int, classes: Sequence[int] = ()) -> dict[str, int]:
    """{key: the fold from 0 to count - 1 that it falls to}, as even as can be.

    keys, classes: see `places`. The keys of each class, and those without one, are dealt out in the
    order of their hashes.
    """
    found: dict[str, int] = {}
    keys = list(keys)
    groups = list(_by_class(keys, classes).values())
    known = set(itertools.chain.from_iterable(groups))
    groups.append([key for key in dict.fromkeys(keys) if key not in known])
    ordered = [sorted(group, key=_hash) for group in groups]
    for number, key in enumerate(dict.fromkeys(itertools.chain.from_iterable(ordered))):
        found[key] = number % count
    return found


def _moved(members: Places, splits: Sequence[str]) -> Places:
    """The keys of one class, with one at least in each of `splits`."""
    for split in splits:
        counts = collections.Counter(members.values())
        if not counts[split]:
            fullest = max(splits, key=counts.__getitem__)
            first = min(_of(members, fullest), key=_hash)
            members = {**members, first: split}
    return members


def _of(members: Mapping[str, str], split: str) -> list[str]:
    return [key for key, own in members.items() if own == split]


def _by_class(keys: Sequence[str], classes: Sequence[int]) -> dict[int, list[str]]:
    """{class id: its keys, each once}; examples that no one has labelled are of no class."""
    found: dict[int, dict[str, None]] = {}
    for key, label in zip(keys, classes, strict=bool(classes)):
        if label >= 0:
            found.setdefault(label, {})[key] = None
    return {label: list(members) for label, members in sorted(found.items())}


def _place(key: str, missing: Sequence[str]) -> str:
    wanted = CUT.get(_hash(key) % 10, "train")
    return wanted if wanted in missing else "train"


def _hash(key: str) -> int:
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big")
