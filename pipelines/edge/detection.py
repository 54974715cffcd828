"""The device half of `detection`: a picture in, the objects in it out."""

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from . import pictures

# Told apart in most kinds of colour blindness: Okabe & Ito 2008, without black and yellow.
COLOURS = (
    (0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233),
)  # fmt: skip
WHITE, RED = -1, -2  # instead of a class
OWN = {WHITE: (255, 255, 255), RED: (220, 30, 30)}
BRIGHT = 380  # sum of a colour's channels from which text on it is black


def predict(
    source: pictures.Source, run: Callable[[dict], dict], manifest: dict
) -> tuple[dict, dict[str, np.ndarray]]:
    """A picture, file or bytes -> ({"objects": [{"label", "score", "box"}]}, {"boxes": picture}).

    A box is [ymin, xmin, ymax, xmax] in pixels of the original picture; the best comes first, those
    scored below the setting `shown_score` are left out. The picture has the boxes drawn on it.
    run: {"image": uint8 (1, S, S, 3)} -> {"boxes": (1, N, 4) in [0, 1] of the letterboxed picture,
        "scores", "classes": (1, N), "count": (1,)}. Raises ValueError with a reason.
    """
    picture = pictures.read_picture(source, ranges=pictures.ranges_of(manifest))
    size = manifest["inputs"]["image"]["shape"][1]
    square, placement = pictures.resize(picture, size, "letterbox")
    answer = {name: np.asarray(values)[0] for name, values in run({"image": square[None]}).items()}
    scores = answer["scores"][: int(answer["count"])].astype(float)
    kept = np.flatnonzero(scores >= manifest["config"]["shown_score"])
    boxes = placement.back(answer["boxes"].reshape(-1, 4) * size)
    objects = []
    for i in kept:
        label = manifest["labels"][int(answer["classes"][i])]
        box = [round(float(v), 2) for v in boxes[i]]
        objects.append({"label": label, "score": float(scores[i]), "box": box})
    captions = [f"{item['label']} {item['score']:.2f}" for item in objects]
    colours = answer["classes"][kept].astype(int)
    drawn = marked(picture, [item["box"] for item in objects], captions, colours)
    return {"objects": objects}, {"boxes": drawn}


def line(answer: dict) -> str:
    """An answer as people read it: `3 objects: 2 RBC, 1 WBC (best 0.93)`."""
    objects = answer["objects"]
    if not objects:
        return "no object"
    labels = [item["label"] for item in objects]
    listed = ", ".join(f"{labels.count(label)} {label}" for label in dict.fromkeys(labels))
    plural = "s" if len(objects) > 1 else ""
    return f"{len(objects)} object{plural}: {listed} (best {objects[0]['score']:.2f})"


def marked(
    picture: np.ndarray,
    boxes_yxyx: Sequence[Sequence[float]],
    captions: Sequence[str],
    colours: Sequence[int],
) -> np.ndarray:
    """uint8 (H, W, 3) with boxes in pixels drawn on it -> the same size.

    captions: a text each, "" for none; colours: a number each, or WHITE or RED.
    """
    image = Image.fromarray(picture)
    draw, side = ImageDraw.Draw(image), max(picture.shape[:2])
    width, font = max(1, round(side / 320)), ImageFont.load_default(max(12, side // 36))
    for box, caption, number in zip(boxes_yxyx, captions, colours, strict=True):
        ymin, xmin, ymax, xmax = box
        colour = OWN.get(number) or COLOURS[number % len(COLOURS)]
        corners = [xmin, ymin, max(xmin, xmax - 1), max(ymin, ymax - 1)]
        draw.rectangle(corners, outline=colour, width=width)
        if caption:
            _write(draw, (xmin + width, ymin), caption, colour, font)
    return np.asarray(image)


def _write(
    draw: ImageDraw.ImageDraw,
    corner: tuple[float, float],
    caption: str,
    colour: tuple[int, int, int],
    font: ImageFont.FreeTypeFont,
) -> None:
    """A caption on a ground of the box's colour: above its corner (x, y) if there is room."""
    x, y = corner
    caption = caption.encode("ascii", "replace").decode()  # Pillow's own font has no more
    left, top, right, bottom = draw.textbbox(corner, caption, font=font)
    height = bottom - top
    move = -min(top, height) if y > height else 0
    draw.rectangle([left - 1, top + move - 1, right + 1, bottom + move + 1], fill=colour)
    ink = (0, 0, 0) if sum(colour) > BRIGHT else (255, 255, 255)
    draw.text((x, y + move), caption, font=font, fill=ink)
