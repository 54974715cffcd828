"""The device half of `detection`: a picture in, the objects in it out."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from . import pictures

COLOURS = (  # told apart in most kinds of colour blindness: Okabe & Ito 2008, without black and yellow
    (0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233),
)  # fmt: skip
WHITE, RED = -1, -2  # instead of a class
OWN = {WHITE: (255, 255, 255), RED: (220, 30, 30)}


def predict(source, run, manifest):
    """A picture, file or bytes -> ({"objects": [{"label", "score", "box"}]}, {"boxes": the picture
    with them drawn}).

    A box is [ymin, xmin, ymax, xmax] in pixels of the original picture; the best comes first, those
    scored below the setting `shown_score` are left out. run: {"image": uint8 (1, S, S, 3)} ->
    {"boxes": (1, N, 4) in [0, 1] of the
    letterboxed picture, "scores", "classes": (1, N), "count": (1,)}. Raises ValueError with a
        reason.
    """
    picture, size = pictures.read_picture(source), manifest["inputs"]["image"]["shape"][1]
    square, placement = pictures.resize(picture, size, "letterbox")
    answer = {name: np.asarray(values)[0] for name, values in run({"image": square[None]}).items()}
    boxes = placement.back(answer["boxes"].reshape(-1, 4) * size)
    objects = []
    for i in range(int(answer["count"])):
        score = float(answer["scores"][i])
        if score >= manifest["config"]["shown_score"]:
            label = manifest["labels"][int(answer["classes"][i])]
            objects.append(
                {"label": label, "score": score, "box": [round(float(v), 2) for v in boxes[i]]}
            )
    ids = [manifest["labels"].index(item["label"]) for item in objects]
    captions = [f"{item['label']} {item['score']:.2f}" for item in objects]
    drawn = marked(picture, [item["box"] for item in objects], captions, ids)
    return {"objects": objects}, {"boxes": drawn}


def line(answer):
    """An answer as people read it: `3 objects: 2 RBC, 1 WBC (best 0.93)`."""
    objects = answer["objects"]
    if not objects:
        return "no object"
    labels = [item["label"] for item in objects]
    listed = ", ".join(f"{labels.count(label)} {label}" for label in dict.fromkeys(labels))
    return (
        f"{len(objects)} object{'s' * (len(objects) > 1)}: {listed} (best"
        f" {objects[0]['score']:.2f})"
    )


def marked(picture, boxes_yxyx, captions, colours):
    """uint8 (H, W, 3) with boxes in pixels drawn on it -> the same size. colours: a number each, or WHITE or RED."""
    image = Image.fromarray(picture)
    draw, side = ImageDraw.Draw(image), max(picture.shape[:2])
    width, font = max(1, round(side / 320)), ImageFont.load_default(max(12, side // 36))
    for (ymin, xmin, ymax, xmax), caption, number in zip(
        boxes_yxyx, captions, colours, strict=True
    ):
        colour = OWN.get(number) or COLOURS[number % len(COLOURS)]
        corners = [xmin, ymin, max(xmin, xmax - 1), max(ymin, ymax - 1)]
        draw.rectangle(corners, outline=colour, width=width)
        if caption:
            caption = caption.encode("ascii", "replace").decode()  # Pillow's own font has no more
            left, top, right, bottom = draw.textbbox((xmin + width, ymin), caption, font=font)
            move = -min(top, bottom - top) if ymin > bottom - top else 0
            draw.rectangle([left - 1, top + move - 1, right + 1, bottom + move + 1], fill=colour)
            draw.text(
                (xmin + width, ymin + move),
                caption,
                font=font,
                fill=(0, 0, 0) if sum(colour) > 380 else (255,) * 3,
            )
    return np.asarray(image)
