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
        bounds.append(vae.bound(answer, run.split("test"), DRAWS, seed))
        yield f"seed {seed}: ELBO {lower[-1]:.2f}, bound of {DRAWS} {bounds[-1]:.2f}, {seconds:.0f} CPU s"
    yield f"ELBO {digits.spread(lower)}; bound {digits.spread(bounds)}; independent pixels -25.33"
