"""The claims about tagging, measured: wnut17 in four models, pii, the CRF's share of a step, the
exported files.

    python benchmarks/tagging.py [wnut17] [softmax] [features] [rules] [minilm] [pii] [step] [--data
        shared/data/wnut17] [--out DIR]

Prints a table. Needs two cores and about half an hour, most of it for minilm. Settings were chosen
on wnut17's `dev.conll`. `features` needs python-crfsuite (extra `crf`), `minilm` its weights
(docs/transfer.md).
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

WNUT = dict(
    method="bilstm_crf", seed=0, epochs=12, learning_rate=2e-3, dropout=0.3, min_count=1,
    recall_margin=2.0, ema=0.99,
)  # fmt: skip
MODELS = {
    "wnut17": WNUT,
    "softmax": WNUT | dict(output="softmax"),
    "features": dict(method="linear_crf"),
    "rules": dict(method="rules", gazetteers=1),
    "minilm": dict(
        method="bert", seed=0, max_length=64, epochs=5, learning_rate=1e-3, warmup_epochs=0.5,
        dropout=0.2,
        letter_units=30, lstm_units=0, recall_margin=1.0, ema=0.99,
    ),
}  # fmt: skip
PII = dict(method="bilstm_crf", seed=0, epochs=3, learning_rate=3e-3)
FILES = ("wnut17", "pii")  # runs whose files are proven and timed
BATCH, TOKENS, TAGS, STEPS = 64, 64, 13, 20  # of the step that is taken apart


def train(name, data, out):
    """One run -> (its row, the Run)."""
    import pipelines

    settings = PII if name == "pii" else MODELS[name]
    began = time.perf_counter()
    run = pipelines.train("tagging", data=data, run=out / name, **settings)
    minutes = (time.perf_counter() - began) / 60
    dev, test = run.evaluate("validation"), run.evaluate("test")
    names = ("f1", "precision", "recall", "f1_unseen", "token_accuracy")
    return [name, f"{minutes:.1f}", f"{dev['f1']:.3f}", *(f"{test[n]:.3f}" for n in names)], run


def files(run, out):
    """Rows of the exported files: F1, whether the tags are those of Keras, latency of a
    sentence."""
    bundle = run.export(out / f"{run.path.name}-bundle")
    words = sum(len(tokens) for tokens in run.data.splits["test"].columns["tokens"])
    windows = bundle.manifest["proof"]["examples"]
    rows = []
    for kind, record in bundle.files.items():
        p50 = record.get("latency_ms", {}).get("p50")
        rate = f"{words / windows / p50 * 1e3:,.0f}" if p50 else ""
        differing = f"{record['max_difference']:.2%}"
        size = f"{record['size_bytes'] / 1024:.0f}"
        rows.append(
            [
                run.path.name,
                kind,
                size,
                f"{record['metrics']['f1']:.4f}",
                differing,
                p50 or "",
                rate,
            ]
        )
    return rows


def step():
    """Milliseconds of a training step of wnut17's model, and of its CRF: loss with gradient, and
    Viterbi."""
    import keras
    import numpy as np
    import tensorflow as tf

    from pipelines import catalog
    from pipelines.ops import crf, schemes

    kinds = ("corporation", "creative-work", "group", "location", "person", "product")
    random, words = np.random.default_rng(0), 10_000
    method = catalog.method("bilstm_crf")
    config = method.Config(
        labels=schemes.labels(kinds, "bio"), max_length=TOKENS, batch_size=BATCH, steps_per_epoch=1
    )
    lists = {
        "words": [str(i) for i in range(words)],
        "letters": list(map(chr, range(100))),
        "shapes": [""] * 200,
    }
    model = method.model(config.having({**lists, "counts": np.ones(words + 2, np.int32)}))
    inputs = {
        "words": random.integers(2, words, (BATCH, TOKENS)),
        "shapes": random.integers(2, 200, (BATCH, TOKENS)),
        "letters": random.integers(2, 100, (BATCH, TOKENS, config.word_length)),
    }
    targets = {"tags": random.integers(0, 2, (BATCH, TOKENS))}
    emissions = tf.constant(random.normal(size=(BATCH, TOKENS, TAGS)), tf.float32)
    mask = tf.ones((BATCH, TOKENS))
    weights = [tf.zeros((TAGS, TAGS)), tf.zeros(TAGS), tf.zeros(TAGS)]

    @tf.function
    def loss():
        with tf.GradientTape() as tape:
            tape.watch([emissions, *weights])
            value = tf.reduce_mean(
                crf.negative_log_likelihood(emissions, targets["tags"], mask, *weights)
            )
        return tape.gradient(value, [emissions, *weights])

    viterbi = tf.function(lambda: crf.viterbi(emissions, mask, *weights))

    def whole():
        return model.train_on_batch(inputs, targets)

    times = {}
    for name, function in (("step", whole), ("loss", loss), ("viterbi", viterbi)):
        function()
        found = []
        for _ in range(STEPS):
            began = time.perf_counter()
            keras.tree.map_structure(np.asarray, function())
            found.append((time.perf_counter() - began) * 1e3)
        times[name] = sorted(found)[STEPS // 2]
    share = (times["loss"] + times["viterbi"]) / times["step"]
    return [[f"{times[n]:.1f}" for n in ("step", "loss", "viterbi")] + [f"{share:.1%}"]]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=[])
    parser.add_argument("--data", default="shared/data/wnut17")
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    from pipelines.terminal import table

    parts = options.parts or [*MODELS, "pii", "step"]
    out = options.out or Path(tempfile.mkdtemp(prefix="tagging-"))
    rows, file_rows = [], []
    for name in parts:
        if name != "step":
            row, run = train(name, "pii" if name == "pii" else options.data, out)
            rows.append(row)
            print(*row, flush=True)
            if name in FILES:
                file_rows += files(run, out)
    if rows:
        print(
            table(
                rows,
                [
                    "model",
                    "minutes",
                    "dev F1",
                    "test F1",
                    "precision",
                    "recall",
                    "unseen F1",
                    "tokens",
                ],
            )
        )
    if file_rows:
        print(
            table(
                file_rows, ["model", "file", "KB", "F1", "other tags", "p50 ms", "words a second"]
            )
        )
    if "step" in parts:
        print(table(step(), ["step ms", "CRF loss ms", "Viterbi ms", "CRF's share"]))


if __name__ == "__main__":
    main()
