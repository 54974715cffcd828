"""GANs on the digits: Frechet distance to test pictures, compared with mixtures of Gaussians in the same run.

python benchmarks/gan.py                      # the method's defaults, three seeds
python benchmarks/gan.py --settings adversarial=hinge width=64 --seeds 0
python benchmarks/gan.py --tune "width=64" "width=32 ema=0.99"     # validation distances alone

The judge is a small convolutional classifier of the digits, fixed before the first GAN is trained and
the same for all sides. Each side has as many pictures as the test split, and is drawn five times.
"""

import argparse
import tempfile
import time
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split

import pipelines
from pipelines.edge import draws
from pipelines.metrics import copies, frechet, manifold

DRAWS = 5


def split() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """{split: (pictures (N, 8, 8, 1) in [0, 1], labels)}: 1,150, 287 and 360, classes as in all."""
    digits = load_digits()
    pictures = np.round(digits.images * (255 / 16)).astype(np.uint8)[..., None] / 255
    rest, test = _parted(np.arange(len(pictures)), digits.target, 360)
    train, validation = _parted(rest, digits.target, 287)
    parts = {"train": train, "validation": validation, "test": test}
    return {name: (pictures[rows], digits.target[rows]) for name, rows in parts.items()}


def _parted(rows: np.ndarray, labels: np.ndarray, count: int) -> list[np.ndarray]:
    return train_test_split(rows, test_size=count, random_state=0, stratify=labels[rows])


def write(parts: dict, folder: Path) -> Path:
    """The pictures as class folders of splits."""
    for name, (pictures, labels) in parts.items():
        for i, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
            path = folder / name / str(label) / f"{i:04d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.round(picture[..., 0] * 255).astype(np.uint8)).save(path)
    return folder


class Judge:
    """A classifier of the digits with 32 features, and what it says of pictures."""

    def __init__(self, parts: dict):
        keras.utils.set_random_seed(0)
        x = inputs = keras.Input((8, 8, 1))
        for filters in (16, 32):
            x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = keras.layers.MaxPooling2D()(x)
        x = keras.layers.Conv2D(64, 3, padding="same", activation="relu")(x)
        x = keras.layers.Dropout(0.3)(keras.layers.Flatten()(x))
        x = features = keras.layers.Dense(32, activation="relu")(x)
        net = keras.Model(inputs, keras.layers.Dense(10)(x))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        net.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"])
        net.fit(*parts["train"], batch_size=32, epochs=30, verbose=0)
        self._features = keras.Model(inputs, features)
        self._net, self.parts = net, parts
        self.accuracy = net.evaluate(*parts["test"], verbose=0)[1]

    def features(self, pictures: np.ndarray) -> np.ndarray:
        return self._features.predict(pictures, verbose=0).astype(np.float64)

    def row(self, made: np.ndarray) -> dict[str, float]:
        """What there is to say of as many pictures as the test split has."""
        test, training = self.parts["test"][0], _flat(self.parts["train"][0])
        real, own = self.features(test), self.features(made)
        precision, recall = manifold.precision_and_recall(real, own)
        near = [copies.nearness(training, _flat(x)) for x in (test, made)]
        classes = np.bincount(self._net.predict(made, verbose=0).argmax(1), minlength=10)
        return {
            "distance": frechet.distance(real, own),
            "precision": precision,
            "recall": recall,
            "copied": copies.share_near(*near),
            "rarest": classes.min() / len(made),
        }


def _flat(pictures: np.ndarray) -> np.ndarray:
    return pictures.reshape(len(pictures), -1)


def show(name: str, rows: list[dict[str, float]]) -> None:
    """A line of the table: means, and the deviation of the distance."""
    means = {key: np.mean([row[key] for row in rows]) for key in rows[0]}
    spread = np.std([row["distance"] for row in rows])
    print(
        f"| {name} | {means['distance']:.2f} ± {spread:.2f} | {means['precision']:.3f} |"
        f" {means['recall']:.3f} | {means['copied']:.3f} | {means['rarest']:.3f} |",
        flush=True,
    )


def baselines(parts: dict, count: int) -> dict:
    """{name: function of a seed that gives `count` pictures}."""
    train = parts["train"][0]
    flat = _flat(train)

    def real(seed):
        return train[np.random.default_rng(seed).permutation(len(train))[:count]]

    def independent(seed):
        mixed = np.random.default_rng(seed).permuted(flat, axis=0)[:count]
        return mixed.reshape(-1, 8, 8, 1)

    found = {"real training pictures": real}
    for parts_of in (40, 1):
        mixture = GaussianMixture(parts_of, reg_covar=1e-3, random_state=0).fit(flat)
        name = f"{parts_of} Gaussians on the pixels" if parts_of > 1 else "one Gaussian"
        found[name] = lambda seed, own=mixture: _drawn(own, count, seed)
    return found | {"independent pixels": independent}


def _drawn(mixture: GaussianMixture, count: int, seed: int) -> np.ndarray:
    mixture.random_state = seed
    return np.clip(mixture.sample(count)[0], 0, 1).reshape(-1, 8, 8, 1)


def made_by(run: "pipelines.Run", count: int, seed: int) -> np.ndarray:
    """Pictures of a run, (count, S, S, C) in [0, 1]; classes, if it wants them, in turn."""
    config = run.config
    inputs = draws.batch({"latent": draws.Draw((config.latent_size,))}, seed, count)
    if config.conditional:
        inputs["label"] = np.arange(count, dtype=np.int32) % len(config.learned["classes"])
    outputs = run.model.predict(inputs, batch_size=256, verbose=0)
    return keras.ops.convert_to_numpy(run.method.decode(outputs, config)["made"])


def train(data: Path, settings: dict, seed: int, name: str) -> "pipelines.Run":
    """A run in a folder beside the data."""
    return pipelines.train("gan", data=data, run=data.parent / name, seed=seed, **settings)


def tune(data: Path, given: dict, lines: list[str]) -> None:
    """The best validation distance of each line of settings, by the run's own judge."""
    for number, line in enumerate(lines):
        began = time.process_time()
        run = train(data, {**given, **parsed(line.split())}, 0, f"tuned_{number}")
        distances = run.history["val_frechet_distance"]
        best, minutes = int(np.argmin(distances)), (time.process_time() - began) / 60
        print(
            f"{line}: {distances[best]:.3f} at epoch {best + 1} of {len(distances)},"
            f" {minutes:.1f} CPU min",
            flush=True,
        )


def show_files(run: "pipelines.Run", folder: Path) -> None:
    """The distance of each file's pictures, by the run's own judge, from the same random numbers."""
    bundle = run.export(folder)
    print(f"\nKeras: {bundle.manifest['reference']['frechet_distance']:.4f}\n")
    print("| file | KB | Frechet distance |\n|---|---:|---:|")
    for kind, record in bundle.files.items():
        path = bundle.path / record["path"]
        files = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
        size = sum(file.stat().st_size for file in files) / 1000
        print(f"| {kind} | {size:.0f} | {record['metrics']['frechet_distance']:.4f} |")


def parsed(pairs: list[str]) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in pairs)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--settings", nargs="*", default=[], metavar="NAME=VALUE")
    arguments.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    arguments.add_argument("--tune", nargs="+", default=[], metavar="LINE")
    arguments.add_argument(
        "--files", action="store_true", help="export the last seed's GAN as well"
    )
    given = arguments.parse_args()
    settings, parts = parsed(given.settings), split()
    with tempfile.TemporaryDirectory() as folder:
        data = write(parts, Path(folder) / "digits")
        if given.tune:
            tune(data, settings, given.tune)
            return
        judge, count = Judge(parts), len(parts["test"][0])
        print(f"judge: accuracy {judge.accuracy:.4f}; {count} pictures on both sides\n")
        print("| side | Frechet distance | precision | recall | copied | rarest class |")
        print("|---|---:|---:|---:|---:|---:|", flush=True)
        for name, drawn in baselines(parts, count).items():
            show(name, [judge.row(drawn(seed)) for seed in range(DRAWS)])
        for seed in given.seeds:
            began = time.process_time()
            run = train(data, settings, seed, f"seed_{seed}")
            minutes = (time.process_time() - began) / 60
            rows = [judge.row(made_by(run, count, draw)) for draw in range(DRAWS)]
            show(f"gan, seed {seed}, {minutes:.1f} CPU min", rows)
        if given.files:
            show_files(run, data.parent / "bundle")


if __name__ == "__main__":
    main()
