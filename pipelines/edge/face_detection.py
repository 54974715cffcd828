"""The device half of `face_detection`: a picture in, the faces in it out."""

from . import detection

predict = detection.predict


def line(answer: dict) -> str:
    """An answer as people read it: `2 faces (best 0.93)`."""
    found = answer["objects"]
    if not found:
        return "no face"
    plural = "s" if len(found) > 1 else ""
    return f"{len(found)} face{plural} (best {found[0]['score']:.2f})"
