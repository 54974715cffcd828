"""SmolLM2 with its pretrained weights, and low-rank adapters that learn your texts."""

import dataclasses
from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.errors import PipelineError
from pipelines.files import sha256
from pipelines.tasks.language_model import _neural

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    from pipelines.edge import text_ids
    from pipelines.models import language, llama, llama_file, pretrained


@dataclass(frozen=True, kw_only=True)
class _Config(_neural.Windows):
    """The settings of windows, and those of the adapters; the context is overlap and length."""

    epochs: int = setting(1, "passes over the training split", "epochs", low=1)
    batch_size: int = setting(4, "windows per step", "windows", low=1)
    learning_rate: float = setting(1e-3, "peak learning rate", low=0.0, high=10.0)
    backbone: str = setting(
        "smollm2",
        "weights to begin with: smollm2, see `pipelines backbones`, or a GGUF file of such a Llama",
    )
    rank: int = setting(
        8,
        "rank of what is learned and added to the queries' and values' matrices; 0 trains the"
        " whole net, which needs much more memory",
        "columns",
        low=0,
        high=1024,
    )

    @property
    def units(self) -> str:
        """Its own byte pairs."""
        return text_ids.APART


class SmolLM2(_neural.Neural):
    """A Llama of 135 million weights, which stay as they are, and adapters that are trained."""

    Config = _Config
    paper = "Allal et al. 2025; Hu et al. 2021"

    def resolve(self, config, audit):
        """Nothing follows from the data. Raises PipelineError if the net does not read so much."""
        most = llama_file.longest(pretrained.language(config.backbone))
        if self._context(config) > most:
            raise PipelineError(
                f"overlap and length must be {most} items at most together; got"
                f" {self._context(config)}."
            )
        return config

    def learn(self, examples, config):
        """The net's own byte pairs, and `weights`, the SHA-256 of the file that it begins with."""
        file = pretrained.language(config.backbone)
        return {**llama_file.vocabulary(file), "weights": [sha256(file.path)]}

    def _context(self, config):
        return config.overlap + config.length

    def _net(self, config):
        file = pretrained.language(config.backbone)
        _check_same(file.path, config.learned.get("weights", ()))
        shape = llama_file.shape(file)
        net = language.net(shape.size, shape.width, self._body(config), True, 0.0, config.seed)
        llama_file.assign(net, file)
        net.get_layer("table").trainable = not config.rank
        return net

    def _body(self, config):
        shape = llama_file.shape(pretrained.language(config.backbone))
        own = dataclasses.asdict(shape)
        del own["size"]
        return llama.Llama(
            self._context(config), **own, rank=config.rank, seed=config.seed, name="body"
        )


def _check_same(path, digests):
    """Raises PipelineError if a file is another than the one that a run began with.

    digests: its SHA-256, or none of a run that kept none.
    """
    if digests and sha256(path) != digests[0]:
        raise PipelineError(
            f"{path} is not the file that this run began with: its SHA-256 is not"
            f" {digests[0][:12]}... Put that file back, or start a new run."
        )
