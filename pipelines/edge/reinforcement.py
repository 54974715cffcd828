"""The device half of `reinforcement`: a state in, what to do out."""

import json
from collections.abc import Callable

import numpy as np


def predict(source: str | bytes, run: Callable[[dict], dict], manifest: dict) -> tuple[dict, dict]:
    """A state as JSON, such as "5" or "[0.1, 0.2]" -> ({"state", "action", "values"}, {}).

    run: {"state": (1, ...)} -> {"action": int32 (1,), "values": (1, A)}. Raises ValueError with a
    reason.
    """
    spec = manifest["inputs"]["state"]
    try:
        state = np.asarray(json.loads(source), spec["dtype"])
    except (ValueError, TypeError) as error:
        raise ValueError("is no state. Give numbers as JSON, such as 5 or [0.1, 0.2]") from error
    if list(state.shape) != spec["shape"][1:]:
        raise ValueError(f"must have shape {spec['shape'][1:]}; got {list(state.shape)}")
    answer = run({"state": state[None]})
    names = manifest["config"]["actions"]
    values = np.asarray(answer["values"])[0]
    return {
        "state": state.tolist(),
        "action": names[int(answer["action"][0])],
        "values": {name: float(value) for name, value in zip(names, values, strict=True)},
    }, {}


def line(answer: dict) -> str:
    """An answer as people read it: `5: down (left 0.31, down 0.52, ...)`."""
    values = ", ".join(f"{name} {value:.2f}" for name, value in answer["values"].items())
    return f"{answer['state']}: {answer['action']} ({values})"
