"""The device half of `reinforcement`: a state in, what to do out; or a whole episode, played."""

import json
from collections.abc import Callable

import numpy as np

GYM = "gym:"
FLAGS = {"--env": "play an episode in an environment of Gymnasium, such as gym:CartPole-v1"}


def predict(source: str | bytes, run: Callable[[dict], dict], manifest: dict) -> tuple[dict, dict]:
    """A state as JSON, such as "5" or "[0.1, 0.2]" -> ({"state", "action", ...}, {}).

    Or "gym:NAME" -> ({"environment", "return", "steps"}, {}) of an episode with seed 0, if Gymnasium
    is installed; "gym:NAME 7" has the seed 7. run: {"state": (1, ...)} -> {"action": int32 (1,) or
    float32 (1, D), and "values" or "probabilities" (1, A)}. Raises ValueError with a reason.
    """
    text = source.decode("utf-8", "replace") if isinstance(source, bytes) else source
    if text.startswith(GYM):
        return _played(text, run, manifest), {}
    spec = manifest["inputs"]["state"]
    try:
        given = json.loads(text)
        state = np.asarray(given, spec["dtype"])
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise ValueError("is no state. Give numbers as JSON, such as 5 or [0.1, 0.2]") from error
    if list(state.shape) != spec["shape"][1:]:
        raise ValueError(f"must have shape {spec['shape'][1:]}; got {list(state.shape)}")
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


def _played(text, run, manifest):
    """One episode in an environment of Gymnasium."""
    try:
        import gymnasium
    except ImportError as error:
        raise ValueError("needs the package gymnasium: pip install gymnasium") from error
    name, _, number = text.removeprefix(GYM).partition(" ")
    if ":" in name or name not in gymnasium.registry:
        raise ValueError(f"Gymnasium has no environment {name!r}")
    env = gymnasium.make(name)
    spec, names = manifest["inputs"]["state"], manifest["config"]["actions"]
    state, _ = env.reset(seed=int(number) if number.isdigit() else 0)
    total, steps, over = 0.0, 0, False
    while not over:
        given = np.asarray(state, spec["dtype"]).reshape(np.shape(state))
        if list(given.shape) != spec["shape"][1:]:
            raise ValueError(f"observes {list(given.shape)}; the model takes {spec['shape'][1:]}")
        action = np.asarray(run({"state": given[None]})["action"])[0]
        state, reward, ended, cut, _ = env.step(int(action) if names else action)
        total, steps, over = total + float(reward), steps + 1, ended or cut
    return {"environment": f"{GYM}{name}", "return": total, "steps": steps}


def line(answer: dict) -> str:
    """An answer as people read it: `5: down (left 0.31, down 0.52, ...)`."""
    if "return" in answer:
        return f"{answer['environment']}: return {answer['return']:g} in {answer['steps']} steps"
    numbers = answer.get("values") or answer.get("probabilities") or {}
    listed = ", ".join(f"{name} {value:.2f}" for name, value in numbers.items())
    state = json.dumps(answer["state"], separators=(",", ":"))
    return f"{state}: {answer['action']}" + (f" ({listed})" if listed else "")
