"""The device half of `generation`: a picture to its numbers and back, or pictures that are new.

Random numbers come from here, never from a file, so a seed gives the same pictures everywhere.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from . import draws, pictures, sheet
from .options import Option, checked

Run = Callable[..., dict]
MOST_FRAMES = 2000  # of an animation, all of which lie in memory
OPTIONS = (
    Option("count", 0, "pictures to make out of random numbers", 0, 10_000),
    Option("seed", 0, "seed of the random numbers", 0, 2**31 - 1),
    Option(
        "walk",
        0,
        "frames from each picture to the next, of those that are given or made, as an animation",
        0,
        1000,
    ),
    Option(
        "of_class",
        (),
        "class to make, or of the picture that is given, of a conditional model; several take turns",
    ),
)


def asked(inputs: Iterable, options: Mapping[str, Any]) -> Iterator:
    """What `predict` is called for: each input; or all of them, as a walk; or nothing, but `count`.

    A ValueError in place of an input says what is wrong.
    """
    try:
        chosen = checked(OPTIONS, options)
    except ValueError as error:
        yield "options", error
        return
    if chosen["count"]:
        yield from ((name_of(item), ValueError("is not used with --count")) for item in inputs)
        yield "made", None
    elif chosen["walk"]:
        yield "walk", tuple(inputs)
    else:
        named = iter(inputs)
        yield next(named, ("made", ValueError("name pictures, or make some: --count 16")))
        yield from named


def name_of(item: Any) -> str:
    """What an input is called."""
    return str(item[0] if isinstance(item, tuple) else item)[:60]


def predict(
    source: pictures.Source | tuple | None,
    run: Run,
    manifest: Mapping,
    options: Mapping[str, Any] | None = None,
    tell: Callable[[str], object] | None = None,
) -> tuple[dict, dict[str, np.ndarray]]:
    """A picture -> ({"latent": numbers, "mse": error, "strangeness"}, {"image": uint8 picture}).

    mse: mean squared error in [0, 1]; strangeness: above 1 is strange; each if the model has it.
    source: a file or bytes. None makes `count` pictures -> ({"made", "seed"}, {"grid", "0", "1",
    ...}); with `walk`, or of a tuple of sources, with "walk", frames uint8 (T, H, W, 3). run:
    (inputs, program) -> outputs of the programs encode, decode, reconstruct, or that of
    manifest["config"]["maker"]. Raises ValueError with a reason.
    """
    chosen = checked(OPTIONS, options or {})
    if source is None:
        return _made(run, manifest, chosen)
    if isinstance(source, tuple):
        return _between(source, run, manifest, chosen)
    programs = manifest.get("programs", ())
    if "encode" not in programs:
        raise ValueError("is a picture, and this model takes none: make some with --count 16")
    label = _label(manifest, _given(manifest, chosen["of_class"]))
    given = taken(source, manifest)
    latent = encoded(given, run, label)
    answer, drawn = {"latent": latent[0].tolist()}, {}
    if "reconstruct" in programs:
        found = run({"image": given[None]}, "reconstruct")
        if "strangeness" in found:
            answer["strangeness"] = float(np.asarray(found["strangeness"]).reshape(-1)[0])
    elif "decode" in programs:
        found = run({"latent": latent, **label}, "decode")
    else:
        return answer, drawn
    made = np.asarray(found["image"])[0]
    answer["mse"] = float(np.mean((given / 255.0 - made) ** 2))
    return answer, {"image": sheet.shown(made)}


def taken(source: pictures.Source, manifest: Mapping) -> np.ndarray:
    """A picture as the model takes it: uint8 (S, S, C), as in training. Raises ValueError."""
    config = manifest["config"]
    picture = pictures.read_picture(source, ranges=pictures.ranges_of(manifest))
    square, _ = pictures.resize(picture, config["side"])
    if config["channels"] == 1:
        square = pictures.grey(square)
    return (square >= config["cut"]).astype(np.uint8) * np.uint8(255) if config["cut"] else square


def encoded(given: np.ndarray, run: Run, label: Mapping) -> np.ndarray:
    """A picture as the model takes it, and maybe {"label"} -> its numbers, float32 (1, N)."""
    return np.asarray(run({"image": given[None], **label}, "encode")["latent"], np.float32)


def _label(manifest: Mapping, label: int) -> dict:
    """The input for a class, an id, if the model has one."""
    is_conditional = manifest["config"].get("conditional")
    return {"label": np.array([label], np.int32)} if is_conditional else {}


def _wanted(manifest: Mapping, names: Iterable[str]) -> list[int]:
    """Ids of the classes that are asked for; all in turn if none is."""
    known = list(manifest.get("learned", {}).get("classes", ()))
    if not manifest["config"].get("conditional"):
        if names:
            raise ValueError("this model knows no classes: leave out --of-class")
        return [-1]
    for name in names:
        if name not in known:
            raise ValueError(f"there is no class {name!r}. There are: {', '.join(known)}")
    return [known.index(name) for name in names] or list(range(len(known)))


def _given(manifest: Mapping, names: Sequence[str]) -> int:
    """The id of the class of a picture that is given, -1 if the model knows none."""
    found = _wanted(manifest, names)
    if len(found) == 1:
        return found[0]
    known = ", ".join(manifest["learned"]["classes"])
    raise ValueError(
        f"this model has to be told the one class of a picture: --of-class NAME. There are: {known}"
    )


def _maker(manifest: Mapping) -> tuple[str, dict[str, draws.Draw]]:
    """(program, {input: Draw}) that makes pictures of random numbers."""
    maker = manifest["config"].get("maker")
    if not maker:
        raise ValueError(
            "this model makes no pictures out of random numbers; a variational one does:"
            " `pipelines train vae`"
        )
    return maker["program"], draws.of_plain(maker["draws"])


def _made(run: Run, manifest: Mapping, chosen: Mapping) -> tuple[dict, dict[str, np.ndarray]]:
    program, own = _maker(manifest)
    labels, count = _wanted(manifest, chosen["of_class"]), chosen["count"]
    _check_walk(count, chosen["walk"], program, own)
    given = []
    for index in range(count):
        numbers = draws.drawn(own, chosen["seed"], index)
        given.append({**numbers, **_label(manifest, labels[index % len(labels)])})
    made = [sheet.shown(np.asarray(run(each, program)["image"])[0]) for each in given]
    found = {"grid": sheet.grid(made), **{str(i): picture for i, picture in enumerate(made)}}
    if chosen["walk"]:
        steps = draws.walk([*given, given[0]], chosen["walk"], "normal")
        found["walk"] = sheet.frames(np.asarray(run(each, program)["image"])[0] for each in steps)
    return {"made": count, "seed": chosen["seed"]}, found


def _check_walk(ways: int, frames: int, program: str, own: Mapping[str, draws.Draw]) -> None:
    """Raises ValueError if pictures do not come of one code, or the frames are too many."""
    is_code = program == "decode" and all(each.law == "normal" for each in own.values())
    if frames and not is_code:
        raise ValueError(
            "this model cannot walk between the pictures that it makes: each comes of many random"
            " numbers, and not of a code. Leave out --walk"
        )
    if ways * frames > MOST_FRAMES:
        raise ValueError(
            f"a walk has at most {MOST_FRAMES} frames; got {ways} x {frames} = {ways * frames}."
            " Lower --walk, or take fewer pictures"
        )


def _between(
    sources: tuple, run: Run, manifest: Mapping, chosen: Mapping
) -> tuple[dict, dict[str, np.ndarray]]:
    if len(sources) < 2:
        raise ValueError(f"a walk needs two pictures at least; got {len(sources)}")
    if not {"encode", "decode"} <= set(manifest.get("programs", ())):
        raise ValueError("this model cannot walk from picture to picture: it has no code of them")
    own = _label(manifest, _given(manifest, chosen["of_class"]))
    _check_walk(len(sources) - 1, chosen["walk"], "decode", {})
    given = []
    for item in sources:
        source = item[1] if isinstance(item, tuple) else item
        if isinstance(source, Exception):
            raise source
        given.append({"latent": encoded(taken(source, manifest), run, own), **own})
    steps = draws.walk(given, chosen["walk"], "uniform")
    made = [np.asarray(run(each, "decode")["image"])[0] for each in steps]
    found = {"grid": sheet.grid([sheet.shown(picture) for picture in made], len(made))}
    return {"frames": len(made)}, {**found, "walk": sheet.frames(made)}


def line(answer: Mapping) -> str:
    """An answer as people read it: `32 numbers, error 0.0123, strangeness 0.4`."""
    if "made" in answer:
        return f"{answer['made']} pictures of seed {answer['seed']} (--out DIR keeps them)"
    if "frames" in answer:
        return f"a walk of {answer['frames']} frames (--out DIR keeps it)"
    parts = [f"{len(answer['latent'])} numbers"]
    if "mse" in answer:
        parts.append(f"error {answer['mse']:.4f}")
    if "strangeness" in answer:
        parts.append(
            f"strangeness {answer['strangeness']:.2f}" + " (strange)" * (answer["strangeness"] > 1)
        )
    return ", ".join(parts)
