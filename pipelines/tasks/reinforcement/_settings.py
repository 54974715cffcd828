"""The settings that all methods of the task share."""

from dataclasses import dataclass

from pipelines import config as settings
from pipelines.config import setting

EPISODES = 10_000  # most that judge a policy


@dataclass(frozen=True, kw_only=True)
class Judging(settings.Settings):
    """How long an episode may be, and how many judge a policy."""

    discount: float = setting(0.99, "worth of a reward one step later", low=0.0, high=1.0)
    max_steps: int = setting(
        0,
        "steps after which an episode is cut off; 0 takes the environment's limit, or 1000",
        "steps",
        low=0,
        high=100_000,
    )
    validation_episodes: int = setting(
        0, "episodes that validate; 0 is 20, or what a bundled world has", "episodes", low=0,
        high=EPISODES,
    )  # fmt: skip
    test_episodes: int = setting(
        0, "episodes that test; 0 is 100, or what a bundled world has", "episodes", low=0,
        high=EPISODES,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Stepped(Judging, settings.SteppedConfig):
    """Settings of a training by steps in an environment."""

    monitor: str = setting("val_mean_return", "what decides which epoch is kept")
