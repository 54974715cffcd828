"""The device half of `reinforcement`: a state in, what to do out; or a whole episode, played."""

import json
import math
from collections.abc import Callable

import numpy as np

from . import spaces

GYM = "gym:"
LARGEST = float(np.finfo(np.float32).max)
FLAGS = {"--env": "play an episode in an environment of Gymnasium, such as gym:CartPole-v1"}


def predict(source: str | bytes, run: Callable[[dict], dict], manifest: dict) -> tuple[dict, dict]:
    """A state as JSON, such as "5" or "[0.1, 0.2]" -> ({"state", "action", ...}, {}).

    Or "gym:NAME" -> ({"environment", "return", "steps"}, {}) of an episode with seed 0, if
    Gymnasium is installed; "gym:NAME 7" has the seed 7. run: {"state": (1, ...)} -> {"action":
    int32 (1,) or float32 (1, D), and "values" or "probabilities" (1, A)}. Raises ValueError with a
    reason.
    """
    text = source.decode("utf-8", "replace") if isinstance(source, bytes) else source
    if text.startswith(GYM):
        return _played(text, run, manifest), {}
    given, state = _state(text, manifest)
    answer = run({"state": state[None]})
    names = manifest["config"]["actions"]
    if not names:
        return {"state": given, "action": np.asarray(answer["action"])[0].tolist()}, {}
    found = {"state": given, "action": names[int(answer["action"][0])]}
    for kind in ("values", "probabilities"):
        if kind in answer:
            numbers = np.asarray(answer[kind])[0].tolist()
            found[kind] = dict(zip(names, numbers, strict=True))
    return found, {}


def _state(text, manifest):
    """(what a text says as JSON, a state as the model takes it)"""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError("is no state. Give numbers as JSON, such as 5 or [0.1, 0.2]") from error
    states, (wanted, dtype) = manifest["config"]["states"], _wanted(manifest)
    if states:
        if not (_is_number(given) and given == int(given) and 0 <= given < states):
            raise ValueError(f"must be a whole number from 0 to {states - 1}")
        return given, np.array(int(given), dtype)
    numbers = given if isinstance(given, list) else []
    if [len(numbers)] != wanted or not all(map(_is_number, numbers)):
        raise ValueError(f"must be a list of {wanted[0]} finite numbers as JSON")
    return given, np.array(numbers, dtype)


def _is_number(given):
    """Whether a value of JSON is a number that float32 can hold."""
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        return False
    return abs(given) <= LARGEST


def _wanted(manifest):
    """(shape, type) of one state."""
    spec = manifest["inputs"]["state"]
    return spec["shape"][1:], spec["dtype"]


def _played(text, run, manifest):
    """One episode in an environment of Gymnasium."""
    try:
        import gymnasium
    except ImportError as error:
        raise ValueError("needs the package gymnasium: pip install gymnasium") from error
    name, _, number = text.removeprefix(GYM).partition(" ")
    if ":" in name or name not in gymnasium.registry:
        raise ValueError(f"Gymnasium has no environment {name!r}")
    limit = manifest["config"]["limit"]
    how = {"max_episode_steps": limit, "disable_env_checker": True}
    env = _called("make", gymnasium.make, name, **how)
    _fitting(env, name, manifest)
    seed = int(number) if number.isdigit() else 0
    state, _ = _called("reset", env.reset, seed=seed)
    total, steps, over = 0.0, 0, False
    while not over and steps < limit:
        given = _observed(env.observation_space, state, manifest)
        chosen = np.asarray(run({"state": given[None]})["action"])[0]
        action = spaces.action(env.action_space, chosen)
        state, reward, ended, cut, _ = _called("step", env.step, action)
        total += _called("the reward of a step", float, reward)
        steps, over = steps + 1, ended or cut
    if not math.isfinite(total):
        raise ValueError(f"earned {total} in {steps} steps; rewards must be finite numbers")
    return {"environment": f"{GYM}{name}", "return": total, "steps": steps}


def _fitting(env, name, manifest):
    """Raises ValueError if an environment has other states or actions than the model learned
    with."""
    config, acted = manifest["config"], env.action_space
    states = config["states"]
    if states and spaces.count(env.observation_space) != states:
        raise ValueError(
            f"{name} observes {env.observation_space}; the model knows {states} states"
        )
    is_known = spaces.kind(acted) in spaces.ACTIONS
    choices = spaces.count(acted) or 0 if is_known else -1
    if choices != len(config["actions"]):
        wanted = f"{len(config['actions'])} actions" if config["actions"] else "actions of numbers"
        raise ValueError(f"{name} takes {acted}; the model knows {wanted}")


def _observed(space, state, manifest):
    """An observation as the model takes it."""
    wanted, dtype = _wanted(manifest)
    plain = spaces.index if manifest["config"]["states"] else spaces.vector
    try:
        given = np.asarray(plain(space, state), dtype)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise ValueError(f"an observation does not fit {space}: {error}") from error
    if list(given.shape) != wanted:
        raise ValueError(f"observes {list(given.shape)}; the model takes {wanted}")
    return given


def _called(what, call, *arguments, **named):
    """What code of an environment gives. Raises ValueError if it raises."""
    try:
        return call(*arguments, **named)
    except Exception as error:  # it is someone else's code
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{what} raised {type(error).__name__}: {reason}") from error


def line(answer: dict) -> str:
    """An answer as people read it: `5: down (left 0.31, down 0.52, ...)`."""
    if "return" in answer:
        return f"{answer['environment']}: return {answer['return']:g} in {answer['steps']} steps"
    numbers = answer.get("values") or answer.get("probabilities") or {}
    listed = ", ".join(f"{name} {value:.2f}" for name, value in numbers.items())
    state = json.dumps(answer["state"], separators=(",", ":"))
    return f"{state}: {answer['action']}" + (f" ({listed})" if listed else "")
