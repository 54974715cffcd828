"""What a model took from its training data and needs at hand, such as a vocabulary: one text file a list."""

import hashlib
from pathlib import Path


def read(folder, digests=None):
    """Folder of text files -> {file's stem: list of its lines}; an empty dict where there is no
    folder.

    digests: {file name: SHA-256}, where it is known what the files must be. Raises ValueError in
    one line where one is missing, another than it should be, or not UTF-8.
    """
    folder, found = Path(folder), {}
    names = (
        sorted(file.name for file in folder.glob("*.txt")) if digests is None else sorted(digests)
    )
    for name in names:
        try:
            content = (folder / name).read_bytes()
            if digests is not None and hashlib.sha256(content).hexdigest() != digests[name]:
                raise ValueError(
                    f"{folder.name}/{name} does not belong to this model: its SHA-256 differs."
                    " Export the model again"
                )
            found[Path(name).stem] = content.decode("utf-8").split("\n")[:-1]
        except OSError as error:
            raise ValueError(
                f"cannot read {folder.name}/{name}: {error.strerror}. Export the model again"
            ) from error
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{folder.name}/{name} is not UTF-8. Restore the file from where it was made"
            ) from error
    return found
