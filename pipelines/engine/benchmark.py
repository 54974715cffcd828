"""What a model costs: latency, size and memory of files, throughput of training and of its
input."""

import resource
import time

from pipelines import progress
from pipelines.edge import latency
from pipelines.engine.proof import proof, seal
from pipelines.engine.training import fit

STEPS = 30  # timed, after warm-up
WARM_UP = 5


def bundle(owner):
    """A Bundle's files -> {"files": {kind: {...}}, "rows", "header"}: size, p50 and p90 by threads,
    peak memory."""
    files, rows = {}, []
    for kind in progress.each(owner.files, "timing", len(owner.files), "files"):
        path = owner.path / proof.KINDS[kind]
        measured = {"size_bytes": seal.size(path)}
        if path.suffix == ".tflite":
            measured |= latency.measure(path)
        files[kind] = measured
        for threads, times in measured.get("latency_ms", {"": {}}).items():
            memory = measured.get("memory_mb", {}).get("process", "")
            rows.append(
                [
                    path.name,
                    f"{measured['size_bytes'] / 1024:.0f}",
                    threads,
                    *(f"{times[p]:.2f}" if times else "" for p in ("p50", "p90")),
                    memory,
                ]
            )
    return {
        "files": files,
        "rows": rows,
        "header": ["file", "KB", "threads", "p50 ms", "p90 ms", "peak MB"],
    }


def run(owner):
    """A Run -> steps and examples per second of training, of its input alone, latency of the Keras
    model, memory."""
    config = owner.config
    fit.require_gradients(owner.method, config, "training throughput. Benchmark its bundle")
    split = owner.split("train")
    model = owner.method.model(config)
    model.set_weights(owner.model.get_weights())
    batches = iter(split.train())
    first = [next(batches) for _ in range(WARM_UP)][0]
    began = time.perf_counter()
    for _ in range(STEPS):
        next(batches)
    input_rate = STEPS / (time.perf_counter() - began)
    model.fit(split.train(), steps_per_epoch=WARM_UP, epochs=1, verbose=0, shuffle=False)
    began = time.perf_counter()
    model.fit(split.train(WARM_UP), steps_per_epoch=STEPS, epochs=1, verbose=0, shuffle=False)
    train_rate = STEPS / (time.perf_counter() - began)
    one = {name: values[:1] for name, values in first[0].items()}
    model.predict_on_batch(one)
    times = []
    for _ in range(STEPS):
        began = time.perf_counter()
        model.predict_on_batch(one)
        times.append((time.perf_counter() - began) * 1e3)
    times.sort()
    result = {
        "training_steps_per_second": train_rate,
        "training_examples_per_second": train_rate * config.batch_size,
        "input_examples_per_second": input_rate * config.batch_size,
        "keras_latency_ms": {"p50": times[len(times) // 2], "p90": times[int(len(times) * 0.9)]},
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "parameters": model.count_params(),
    }
    rows = [
        [
            name.replace("_mb", "_MB").replace("_", " "),
            f"{value:,.1f}" if isinstance(value, float) else str(value),
        ]
        for name, value in result.items()
        if not isinstance(value, dict)
    ]
    rows.insert(
        3,
        [
            "Keras latency p50, p90 ms",
            f"{result['keras_latency_ms']['p50']:.1f}, {result['keras_latency_ms']['p90']:.1f}",
        ],
    )
    return {**result, "rows": rows, "header": ["measure", "value"]}
