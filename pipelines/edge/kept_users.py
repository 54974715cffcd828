"""The histories of training's users, which lie in a bundle unless it was told not to keep them."""

from collections.abc import Mapping, Sequence
from typing import Any

USERS, HISTORIES = "kept_users", "kept_histories"  # of what is learned
NAMED = 3  # users that a message names


def items(user: Any, learned: Mapping[str, Sequence[str]]) -> list[str]:
    """The items of a user's history, ids. Raises ValueError if there is no such user.

    learned: "kept_users", their names; "kept_histories", the places of their items with spaces
    between them; "items", ids.
    """
    users = learned.get(USERS, ())
    if not len(users):
        raise ValueError("keeps no users. Give what is liked, or train it with keep_users=yes")
    name = " ".join(str(user).split())
    if name not in users:
        some = ", ".join(users[:NAMED])
        raise ValueError(
            f"knows no user {name!r}. It keeps {len(users):,} of its training, such as {some}; of"
            ' others give what they liked, such as {"liked": ["A", "B"]}'
        )
    places = learned[HISTORIES][users.index(name)].split()
    return [learned["items"][int(place)] for place in places]
