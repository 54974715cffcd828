"""Environments by name: bundled ones, Gymnasium's, and classes of the user's own."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any

from pipelines import installing
from pipelines.environments import py_environment
from pipelines.environments.acting import Acting
from pipelines.environments.bandit import Bandit, ContextualBandit
from pipelines.environments.cart_pole import CartPole
from pipelines.environments.grid_world import GridWorld
from pipelines.errors import NotInstalled, PipelineError, brief, nearest
from pipelines.records import Recorded

BUNDLED: dict[str, Callable[[], Any]] = {
    "grid": GridWorld,
    "cart_pole": CartPole,
    "bandit": Bandit,
    "contextual_bandit": ContextualBandit,
}
GYM = "gym:"
LONGEST = 1000  # steps of an episode of an environment that says nothing of it
MOST = 100_000  # steps of any episode
PLAIN = {"OrderEnforcing", "TimeLimit", "PassiveEnvChecker"}  # wrappers that change nothing here


def makers(named: Any) -> tuple[str, Callable[[], Any]]:
    """(name, what makes an environment) of what a user names: a text, or a class or function.

    Code of the user's own, `module:Class`, is imported only if the user names it now; a name that
    comes out of a file is refused. Raises PipelineError for an unknown name.
    """
    if callable(named):
        return getattr(named, "__qualname__", type(named).__name__), named
    name = str(named)
    if name.startswith(GYM):
        return name, _gymnasium(name.removeprefix(GYM))
    if name in BUNDLED:
        return name, BUNDLED[name]
    if re.fullmatch(r"[\w.]+:\w+", name):
        return name, _imported(named)
    raise PipelineError(
        f"unknown environment {name!r}. {nearest(name, BUNDLED)} gym:NAME is one of Gymnasium's, and"
        " module:Class one of your own."
    )


def acting(named: Any, longest: int = 0) -> Callable[[], Acting]:
    """A function that makes an environment of this name, ready to act in.

    longest: steps after which an episode is cut off; 0 takes what the environment says of itself.
    """
    name, make = makers(named)

    def made() -> Acting:
        try:
            env = make()
        except PipelineError:
            raise
        except Exception as error:  # it is someone else's code
            raise PipelineError(
                f"{name} cannot be made: {type(error).__name__}: {brief(error)}"
            ) from error
        bare = _bare(env)
        if py_environment.is_one(bare):
            bare = py_environment.Wrapped(bare)
        return Acting(bare, name, longest or _longest(env))

    return made


def _longest(env: Any) -> int:
    spec = getattr(env, "spec", None)
    own = getattr(spec, "max_episode_steps", None) or getattr(env, "longest", None) or LONGEST
    return min(own, MOST)


def _bare(env: Any) -> Any:
    """The environment without wrappers that only check or count; the limit of steps is ours."""
    inner = env
    while type(inner).__name__ in PLAIN and hasattr(inner, "env"):
        inner = inner.env
    return inner


def _gymnasium(name: str) -> Callable[[], Any]:
    """What makes an environment of Gymnasium's."""
    try:
        import gymnasium
    except ImportError as error:
        raise NotInstalled(
            f"gym:{name} needs the package gymnasium, which is not installed:"
            f" {installing.line('reinforcement')}."
        ) from error
    if ":" in name:  # Gymnasium would import the module before it
        raise PipelineError(
            f"gym:NAME takes a name of Gymnasium alone; got {name!r}. Name code of your own as"
            " module:Class."
        )
    if name not in gymnasium.registry:
        known = [other for other in gymnasium.registry if not other.startswith("phys2d")]
        raise PipelineError(f"Gymnasium has no environment {name!r}. {nearest(name, known)}")

    def make() -> Any:
        try:
            return gymnasium.make(name, disable_env_checker=True)
        except gymnasium.error.DependencyNotInstalled as error:
            reason = " ".join(str(error).split())
            raise NotInstalled(f"gym:{name} needs a package that is missing: {reason}") from error

    return make


def _imported(named: Any) -> Callable[[], Any]:
    if isinstance(named, Recorded):
        raise PipelineError(
            f"{named} is code of your own, which is not run because a file names it. Name it"
            f" yourself: --data {named}, or data= in Python."
        )
    module, _, name = str(named).partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise PipelineError(
            f"{named} cannot be imported: {error}. The module has to be on Python's path, as"
            " PYTHONPATH=. puts the current folder there."
        ) from error
    except Exception as error:  # it is the user's code
        raise PipelineError(
            f"{named} cannot be imported: {type(error).__name__}: {brief(error)}. Correct {module}."
        ) from error
    if not callable(found):
        raise PipelineError(f"{named} is no class and no function that makes an environment.")
    return found
