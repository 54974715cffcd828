"""What a bundle is asked for: files, limits and sizes, checked before anything is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines import installing
from pipelines.engine.export import convert
from pipelines.engine.export import quantizer as recipes
from pipelines.engine.proof import proof
from pipelines.errors import PipelineError, nearest
from pipelines.files import in_bytes
from pipelines.task import Method, Score

TARGETS = ("micro",)


@dataclass(frozen=True)
class Request:
    """What a bundle is asked for.

    kinds: files to make, or None for all. max_drop: see `proof.gate`. target_size: most bytes of
    the one file that is kept, or None. budget: of a microcontroller, {"ram", "flash"}, or None.
    """

    kinds: Sequence[str] | None
    recipes: Sequence[str]
    max_drop: float | None
    target_size: float | None
    budget: Mapping[str, float] | None


def asked(files, quantizer, max_drop, target_size, target, ram, flash) -> Request:
    if max_drop is not None and not max_drop >= 0:  # NaN too
        raise PipelineError(
            f"max_drop must be 0 or more, how much worse the first score may get; got {max_drop}."
        )
    given = {"target_size": target_size, "ram": ram, "flash": flash}
    sizes = {name: in_bytes(size, name) for name, size in given.items() if size is not None}
    if target is not None:
        _refuse_choices(target, files, quantizer, sizes)
        return Request(["int8"], (), max_drop, None, sizes)
    if "ram" in sizes or "flash" in sizes:
        raise PipelineError("ram and flash are budgets of a microcontroller: add --for micro.")
    return Request(files, quantizer, max_drop, sizes.get("target_size"), None)


def _refuse_choices(target: str, files: Any, quantizer: Any, sizes: Mapping) -> None:
    """Raises PipelineError for what a target leaves no choice of."""
    if target not in TARGETS:
        raise PipelineError(f"unknown target {target!r}. {nearest(target, TARGETS)}")
    if files is not None or quantizer or "target_size" in sizes:
        raise PipelineError(
            f"for {target} there is one kind of file, int8: leave files, quantizer and"
            " target_size out."
        )


def limits(method: Method, least: Mapping, most: Mapping) -> list[tuple[Score, float]]:
    """[(score, value)] that the model has to reach. Raises PipelineError for the wrong
    direction."""
    known = {score.name: score for score in method.scores}
    found = []
    for flag, better, other, given in (
        ("--min", "higher", "--max", least),
        ("--max", "lower", "--min", most),
    ):
        for name, value in given.items():
            if name not in known:
                raise PipelineError(f"{flag}: unknown score {name!r}. {nearest(name, known)}")
            if known[name].better != better:
                raise PipelineError(
                    f"{name} is better if it is {known[name].better}: say {other} {name}={value:g}."
                )
            found.append((known[name], float(value)))
    return found


def kinds(files: Sequence[str] | None, unsupported: Mapping, method: Method) -> list[str]:
    """Names of the files to make. unsupported: {name: why this model has no such file}."""
    known = (proof.NUMPY,) if method.fitted else ("saved_model", *convert.FILES)
    if set(known) <= set(unsupported):
        raise PipelineError(f"there is nothing to export: {unsupported[known[0]]}.")
    for kind in files or ():
        _refuse_file(kind, known, unsupported)
    wanted = set((method.files or known) if files is None else files) - set(unsupported)
    if wanted.isdisjoint(known):
        raise PipelineError(f"files must name at least one of {', '.join(known)}.")
    return list(filter(wanted.__contains__, known))


def _refuse_file(kind: str, known: Sequence[str], unsupported: Mapping) -> None:
    """Raises PipelineError for a file that there is not, or that this model cannot have."""
    if kind not in known:
        raise PipelineError(f"unknown file {kind!r}. {nearest(kind, known)}")
    if kind in unsupported:
        raise PipelineError(
            f"this model has no {kind} file: {unsupported[kind]}. Leave {kind} out of --files."
        )


def quantised(names: Sequence[str], kinds: list[str]) -> list[str]:
    """Names of the files that ai-edge-quantizer is to make besides `kinds`."""
    unknown = [name for name in names if name not in recipes.FILES]
    if unknown:
        known = nearest(unknown[0], recipes.FILES)
        raise PipelineError(f"unknown recipe {unknown[0]!r} of the quantizer. {known}")
    if not names:
        return []
    if "float32" not in kinds:
        raise PipelineError("the quantizer works on the float32 file: put float32 among the files.")
    if not recipes.installed():
        raise PipelineError(
            f"the quantizer needs ai-edge-quantizer: {installing.line('quantizer')}."
        )
    return sorted(set(names), key=list(recipes.FILES).index)
