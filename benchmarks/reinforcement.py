"""Agents: what each method reaches in an environment, and environment steps per CPU second.

    python benchmarks/reinforcement.py [tables] [ppo] [dqn] [policies] [bandits] [files] [--seeds 3]

Tables are judged exactly, by the probabilities that the environment knows of itself. Nets are
judged by the mean return of 100 episodes with fixed seeds: of the best epoch by validation on other
seeds, and of the last one. Steps per CPU second count processor time of all threads of the training
phase, validations left out. KERAS_BACKEND=jax measures JAX, and `--engine tf_agents` TF-Agents, whose
own process is not counted. Prints a line for each run, and for each net its learning curve over the
seeds. Needs the extra `reinforcement`; if stable-baselines3 is installed, `--peer` runs it with
rl-zoo's settings.
"""

import argparse
import contextlib
import io
import math
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from scipy import stats

from pipelines import run as runs
from pipelines.environments import dynamics, naming
from pipelines.task import Phase

TABLES = {  # environment -> (episodes, settings)
    "gym:FrozenLake8x8-v1": (30_000, dict(discount=0.999)),
    "gym:Taxi-v4": (3_000, dict(discount=0.99)),
    "gym:CliffWalking-v1": (1_000, dict(discount=0.99)),
}
NETS = {  # part -> [(method, environment, settings)]
    "ppo": [("ppo", "gym:CartPole-v1", {})],
    "dqn": [(name, "gym:CartPole-v1", {}) for name in ("dqn", "double_dqn", "dueling_dqn")],
    "policies": [
        ("reinforce", "gym:CartPole-v1", {}),
        ("actor_critic", "gym:CartPole-v1", {}),
        (
            "ppo",
            "gym:Pendulum-v1",
            dict(environments=4, batch_size=4096, minibatch=64, passes=10, discount=0.9, gae=0.95,
                 steps_per_epoch=4, epochs=6, schedule="constant", normalise="on"),
        ),
        ("ppo", "gym:Acrobot-v1", dict(normalise="on", discount=0.99, gae=0.94, passes=4)),
    ],
}  # fmt: skip


class Clock:
    """CPU seconds of the steps of a training, without its validations."""

    def __init__(self, method):
        self.seconds, self._phases = 0.0, method.phases
        method.phases = self.phases

    def phases(self, config):
        return [self._timed(phase) for phase in self._phases(config)]

    def _timed(self, phase):
        def steps(*arguments):
            numbers = phase.steps(*arguments)
            while True:
                began = time.process_time()
                found = next(numbers)
                self.seconds += time.process_time() - began
                yield found

        return Phase(phase.name, phase.config, phase.begin, steps=steps, memory=phase.memory)


def trained(method, data, given, folder):
    """(run, CPU seconds of its steps)"""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        run = runs.start(method, data, folder, given)
        clock = Clock(run.method)
        run.train()
    return run, clock.seconds


def table(name, seed, folder):
    """A row: the exact return of the greedy policy, and that of the best."""
    episodes, given = TABLES[name]
    sizes = dict(epochs=10, batch_size=10, steps_per_epoch=episodes // 100)
    run, seconds = trained("q_learning", name, dict(given, seed=seed, keep="last", **sizes), folder)
    world = naming.acting(name)()
    known = dynamics.of(world.env, name)
    best = dynamics.optimum(known, given["discount"]).argmax(1)
    policy = run.model.get_layer("table").get_weights()[0].argmax(1)
    found, most = (dynamics.expected(known, each, world.longest) for each in (policy, best))
    return f"q_learning {name} seed {seed}: {found:.4f}, optimum {most:.4f}, {seconds:.0f} CPU s"


def net(method, name, given, seed, folder, curves):
    """A row: mean return of the best and of the last epoch, and steps per CPU second. The mean returns
    of its validations go to `curves`."""
    run, seconds = trained(method, name, dict(given, seed=seed), folder)
    result = run.evaluate()
    curves.setdefault((method, name), []).append(run.history["val_mean_return"])
    last = float(run.history["val_mean_return"][-1])
    steps = run.config.epochs * run.config.steps_per_epoch * run.config.batch_size
    rate = f"{steps:,} steps, {steps / seconds:,.0f} per CPU s"
    if method == "reinforce":
        rate = f"{steps} episodes, {seconds:.0f} CPU s"
    enough = run.method.source(name, run.config).make().threshold
    reached = _reached(run, enough)
    spread = f"[{result['mean_return_low']:.1f}, {result['mean_return_high']:.1f}]"
    return (
        f"{method} {name} seed {seed}: {result['mean_return']:.1f} {spread}, last epoch {last:.1f}"
        f" on validation; {rate}{reached}"
    )


def middle(scores, draws=2000):
    """(mean of the middle half, and the ends of its 95 % interval by bootstrap) over R runs of (R, E).

    Agarwal et al. 2021, arXiv:2108.13264, section 4.3.
    """
    rows = np.random.default_rng(0).integers(len(scores), size=(draws, len(scores)))
    ends = np.percentile(stats.trim_mean(scores[rows], 0.25, axis=1), (2.5, 97.5), axis=0)
    return np.array([stats.trim_mean(scores, 0.25, axis=0), *ends])


def curve(method, name, histories):
    """A row: the middle of several seeds after each epoch."""
    points = middle(np.array(histories, float)).T
    shown = "; ".join(f"{mean:.0f} [{low:.0f}, {high:.0f}]" for mean, low, high in points)
    return f"{method} {name}, interquartile mean of {len(histories)} seeds by epoch: {shown}"


def _reached(run, threshold):
    """When a validation first came to the environment's threshold, in steps of the training."""
    means = map(float, run.history["val_mean_return"])
    epochs = [i for i, mean in enumerate(means, 1) if threshold is not None and mean >= threshold]
    if not epochs:
        return ""
    share = run.config.steps_per_epoch * run.config.batch_size
    return f"; {threshold:g} after {epochs[0] * share:,}"


def bandit(seed, folder):
    """Rows: regret of 10,000 pulls of UCB1, compared with a plain loop and the bound."""
    rows = []
    for data, policy in (
        ("bandit", "ucb"),
        ("bandit", "thompson"),
        ("contextual_bandit", "ucb"),
        ("contextual_bandit", "thompson"),
    ):
        given = dict(policy=policy, seed=seed)
        run, _ = trained("bandit", data, given, folder / f"{data}{policy}")
        regret = sum(map(float, run.history["regret"])) * 1000
        rows.append(f"bandit {data} {policy} seed {seed}: regret {regret:.1f} in 10,000 pulls")
    return [*rows, plain_loop(seed)]


def plain_loop(seed, pulls=10_000):
    """UCB1 in a plain loop, and the bound of Auer et al. 2002, theorem 1."""
    pay, random = np.array(naming.BUNDLED["bandit"]().dynamics()[1][0]), np.random.default_rng(seed)
    counts, sums, regret = np.zeros(len(pay)), np.zeros(len(pay)), 0.0
    for t in range(pulls):
        bonus = np.sqrt(2 * math.log(max(t, 1)) / np.maximum(counts, 1))
        arm = t if t < len(pay) else int((sums / counts + bonus).argmax())
        counts[arm] += 1
        sums[arm] += random.random() < pay[arm]
        regret += pay.max() - pay[arm]
    gaps = pay.max() - pay[:-1]
    bound = (8 * math.log(pulls) / gaps).sum() + (1 + math.pi**2 / 3) * gaps.sum()
    return f"UCB1, a plain loop, seed {seed}: regret {regret:.1f}; bound {bound:.0f}"


def files(folder):
    """A row for each file of a PPO policy: mean return, latency."""
    run, _ = trained("ppo", "gym:CartPole-v1", {}, folder / "run")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        bundle = run.export(folder / "bundle")
    for kind, record in bundle.files.items():
        latency = record.get("latency_ms", {}).get("p50", float("nan")) * 1000
        mean = record["metrics"]["mean_return"]
        yield f"file {kind}: mean return {mean:.1f}, {latency:.0f} us, {record['size_bytes']} bytes"


def peer(method, name, seed):
    """A row of Stable-Baselines3 with rl-zoo's settings for CartPole-v1."""
    import gymnasium
    import stable_baselines3 as sb3
    from stable_baselines3.common.env_util import make_vec_env
    from stable_baselines3.common.evaluation import evaluate_policy

    if method == "ppo":
        worlds = make_vec_env(name, n_envs=8, seed=seed)
        agent = sb3.PPO("MlpPolicy", worlds, n_steps=32, batch_size=256, n_epochs=20, gamma=0.98,
                        gae_lambda=0.8, learning_rate=lambda left: 1e-3 * left,
                        clip_range=lambda left: 0.2 * left, seed=seed, device="cpu")  # fmt: skip
        steps = 100_000
    else:
        agent = sb3.DQN("MlpPolicy", gymnasium.make(name), learning_rate=2.3e-3, batch_size=64,
                        buffer_size=100_000, learning_starts=1000, gamma=0.99, train_freq=256,
                        target_update_interval=10, gradient_steps=128, exploration_fraction=0.16,
                        exploration_final_eps=0.04, policy_kwargs=dict(net_arch=[256, 256]),
                        seed=seed, device="cpu")  # fmt: skip
        steps = 50_000
    began = time.process_time()
    agent.learn(steps)
    seconds = time.process_time() - began
    mean, _ = evaluate_policy(agent, gymnasium.make(name), n_eval_episodes=100)
    return f"peer {method} {name} seed {seed}: {mean:.1f}; {steps / seconds:,.0f} per CPU s"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["tables", *NETS, "bandits", "files"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peer", action="store_true", help="run stable-baselines3 as well")
    parser.add_argument("--engine", default="own", choices=("own", "tf_agents"))
    given = parser.parse_args()
    for part in given.parts:
        curves = {}
        for seed in range(given.seeds if part != "files" else 1):
            for row in rows(part, seed, given, curves):
                print(row, flush=True)
        for (method, name), histories in curves.items():
            print(curve(method, name, histories), flush=True)


def rows(part, seed, asked, curves):
    """The lines of a part of the benchmark with one seed."""
    with tempfile.TemporaryDirectory() as place:
        if part == "tables":
            for name in TABLES:
                yield table(name, seed, Path(place) / name.replace(":", "_"))
        elif part == "bandits":
            yield from bandit(seed, Path(place))
        elif part == "files":
            yield from files(Path(place))
        else:
            for i, (method, name, given) in enumerate(NETS[part]):
                engine = {} if method == "actor_critic" else {"engine": asked.engine}
                yield net(method, name, {**given, **engine}, seed, Path(place) / str(i), curves)
                if asked.peer and method in ("ppo", "dqn") and "CartPole" in name:
                    yield peer(method, name, seed)


if __name__ == "__main__":
    main()
