"""The histories of training's users, which lie in a bundle if its training was told to keep
them."""

from collections.abc import Mapping, Sequence
from typing import Any

USERS, HISTORIES = "kept_users", "kept_histories"  # of what is learned
NONE_KEPT = "keeps no histories of users. Give what is liked, or train it with --set keep_users=yes"


def items(user: Any, learned: Mapping[str, Sequence[str]]) -> list[str]:
    """The items of a user's history, ids. Raises ValueError if there is no such user.

    learned: "kept_users", their names; "kept_histories", the places of their items with spaces
    between them; "items", ids.
    """
    users = learned.get(USERS, ())
    if not len(users):
        raise ValueError(NONE_KEPT)
    name = " ".join(str(user).split())
    if name not in users:
        raise ValueError(
            f"knows no user {name!r}: it keeps the histories of the {len(users):,} of its training."
            ' Of others give what they liked, such as {"liked": ["A", "B"]}'
        )
    places = learned[HISTORIES][users.index(name)].split()
    return [learned["items"][int(place)] for place in places]
