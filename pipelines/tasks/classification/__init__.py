"""Image classification: a label, several, or numbers a picture."""

import contextlib
import statistics

from etils import epy

from pipelines.families import target_kinds
from pipelines.families.labelled import LabelledPictures
from pipelines.models import sources
from pipelines.task import Feature

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.edge import pictures

SMALL = 48  # px; pretrained nets were made for larger pictures
LOOKED_AT = 50  # training pictures, to know their size


class Classification(LabelledPictures):
    data = "digits"
    features = {
        "image": Feature("picture"),
        "label": Feature("label"),
        "value": Feature("number", optional=True),
    }
    page = "classification.md"
    _answers = (target_kinds.CLASS, target_kinds.LABELS, target_kinds.NUMBERS)

    def default(self, read, settings):
        """A pretrained net, unless there is none here or pictures are small."""
        if not sources.EFFICIENTNET_LITE0.installed():
            return (
                "scratch",
                f"no pretrained net is installed: {sources.EFFICIENTNET_LITE0.install}",
            )
        if _side(read) < SMALL:
            return "scratch", f"the pictures are smaller than {SMALL} px"
        return "transfer", "a pretrained net is installed, and pictures are large enough for it"


def _side(read):
    """Median of the shorter sides of some training pictures, pixels."""
    found = read.splits["train"].columns.get("image", ())[:LOOKED_AT]
    sizes = []
    for picture in found:
        with contextlib.suppress(ValueError, OSError):  # the audit says what is wrong with it
            sizes.append(min(pictures.size(picture)))
    return statistics.median(sizes) if sizes else 0
