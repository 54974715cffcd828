"""The importance-weighted bound of a variational autoencoder on binary digits, in nats."""

import time

import pipelines
from generating import digits
from pipelines.engine.proof import evaluate
from pipelines.tasks.generation import vae

DRAWS = 5000
SETTINGS = dict(threshold=0.5, bound_samples=0)


def run(seeds, folder):
    data, bounds, lower = digits.splits(), [], []
    for seed in seeds:
        began = time.process_time()
        run = pipelines.train("vae", data, folder / f"vae-{seed}", seed=seed, **SETTINGS)
        seconds = time.process_time() - began
        lower.append(run.evaluate()["elbo"])
        answer = evaluate.decoder(run.model, run.method, run.config)
        held = vae.bound(answer, run.split("validation"), DRAWS // 10, seed)
        yield f"seed {seed}: validation, {DRAWS // 10} draws: {held:.2f}"
        bounds.append(vae.bound(answer, run.split("test"), DRAWS, seed))
        found = f"ELBO {lower[-1]:.2f}, bound of {DRAWS} {bounds[-1]:.2f}"
        yield f"seed {seed}: {found}, {seconds:.0f} CPU s"
    yield f"ELBO {digits.spread(lower)}; bound {digits.spread(bounds)}; independent pixels -25.33"
