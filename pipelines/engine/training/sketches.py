"""What a net made after some of its epochs, in a run's folder: sketches/epoch_0010.png."""

import re

from pipelines import canvas
from pipelines.files import write_bytes

FOLDER = "sketches"
MOST = 12  # of a training, evenly apart
NAME = re.compile(r"epoch_(\d+)\.png")


def draw(predict, method, config, part, folder, epoch):
    """Keeps what `method.sketch` draws after `epoch`, counted from 1, if it is its turn."""
    every = -(-config.epochs // MOST)
    if epoch not in (1, config.epochs) and epoch % every:
        return
    picture = method.sketch(predict, part, config)
    if picture is not None:
        write_bytes(folder / FOLDER / f"epoch_{epoch:04d}.png", canvas.png(picture))


def kept(folder):
    """[(epoch, name of the file)] of a run's folder, in their order."""
    found = ((NAME.fullmatch(path.name), path.name) for path in (folder / FOLDER).glob("*.png"))
    return sorted((int(match[1]), name) for match, name in found if match)
