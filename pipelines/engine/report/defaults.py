"""What stands in for the keys that a report's context lacks."""

from collections.abc import Mapping


def given(values: Mapping, defaults: Mapping) -> dict:
    """`values` over `defaults`, which also stand in for None."""
    known = {name: value for name, value in values.items() if value is not None}
    return {**defaults, **known}
