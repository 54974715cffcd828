"""How often the side of a picture can be halved."""


def halvings(side: int, least: int) -> int:
    """As long as it is even, down to `least` pixels."""
    count = 0
    while side % 2 == 0 and side // 2 >= least:
        side, count = side // 2, count + 1
    return count
