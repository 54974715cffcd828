"""The value of a setting as its type and in its range, or what is needed, what came, what to do."""

import math
import types
import typing

from pipelines.errors import PipelineError, nearest


def checked(field, value):
    """`value` as the field's type, or PipelineError on what is needed, what came, and what to
    do."""
    value = _typed(field, value)
    choices = field.metadata["choices"]
    if choices and "on" in choices and str(value).lower() in WORDS:
        value = _as_text(_as_bool(value))
    if choices and value not in choices:
        known = list(map(str, choices))
        raise PipelineError(
            f"{field.name} must be one of {', '.join(known)}; got {value!r}."
            f" {nearest(str(value), known)}"
        )
    for item in value if isinstance(value, tuple) else (value,):
        if type(item) in (int, float):
            _check_number(field, item)
    return value


def _check_number(field, number):
    """Raises PipelineError if a number is out of the field's range."""
    m = field.metadata
    low, high, step = m["low"], m["high"], m["multiple_of"]
    if not math.isfinite(number):
        raise PipelineError(f"{field.name} must be a finite number; got {number}.")
    if low is not None and number < low:
        _refuse(field, f"at least {low:g}", number)
    if high is not None and number > high:
        _refuse(field, f"at most {high:g}", number)
    if step and number % step:
        below, above = number // step * step, (number // step + 1) * step
        advice = f"Try {below} or {above}." if below else f"Try {above}."
        raise PipelineError(f"{field.name} must be a multiple of {step}; got {number}. {advice}")


def _refuse(field, wanted, number):
    m = field.metadata
    raise PipelineError(f"{field.name} must be {wanted}{unit(m)}; got {number:g}. {m['help']}.")


def unit(metadata):
    """A setting's unit after a blank; "" without one."""
    return f" {metadata['unit']}" if metadata["unit"] else ""


def _typed(field, value):
    kind = field.type
    if not isinstance(kind, types.GenericAlias):
        return _scalar(field, kind, value)
    item, _ = typing.get_args(kind)  # of tuple[T, ...]
    values = [v for v in value.split(",") if v] if isinstance(value, str) else value
    if not isinstance(values, (list, tuple)):
        raise PipelineError(
            f"{field.name} must be a list; got {value!r}. Write {field.name}=a,b,c."
        )
    return tuple(_scalar(field, item, v) for v in values)


def _scalar(field, kind, value):
    read, wanted = READERS[kind]
    try:
        return read(value)
    except (AttributeError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise PipelineError(
            f"{field.name} must be {wanted}; got {value!r}. {field.metadata['help']}."
        ) from error


def _as_bool(value):
    if isinstance(value, bool):
        return value
    return WORDS[value.lower()]


def _as_text(value):
    if isinstance(value, bool):  # YAML reads a bare on and off as booleans
        return "on" if value else "off"
    if not isinstance(value, (str, int, float)):
        raise TypeError
    return str(value)


def _as_whole(value):
    if isinstance(value, bool):
        raise TypeError
    digits = isinstance(value, str) and value.lstrip("+-").isdigit()
    number = int(value) if digits else float(value)
    if int(number) != number:
        raise ValueError
    return int(number)


def _as_number(value):
    if isinstance(value, bool):
        raise TypeError
    return float(value)


WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
READERS = {
    bool: (_as_bool, "true or false"),
    int: (_as_whole, "a whole number"),
    float: (_as_number, "a number"),
    str: (_as_text, "text"),
}
