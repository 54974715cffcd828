"""A linear-chain CRF on hand-made features of words, fitted at once by L-BFGS: the baseline."""

from dataclasses import dataclass

from etils import epy

from pipelines import config as settings
from pipelines.families import tagged
from pipelines.task import Phase
from pipelines.tasks import tagging

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.edge import clues, words
    from pipelines.models import linear_chain, tagger


@dataclass(frozen=True, kw_only=True)
class _Config(tagged.WordSettings, settings.FittedConfig):
    """The settings of every method of tagging: nothing is trained by steps."""


class LinearCRF(tagging.Tagging):
    """Features such as a word's ending, its shape and its neighbours."""

    Config = _Config
    paper = "Lafferty et al. 2001"

    def learn(self, examples, config):
        """The features that got a weight, and the weights that `phases` sets: python-crfsuite's."""
        rows = [clues.clues(tokens) for tokens in examples.columns["tokens"]]
        tags = [[config.labels[i] for i in ids] for ids in examples.columns["tags"]]
        names, weights, transitions = linear_chain.fit(rows, tags, config.labels)
        weights = np.pad(weights, [[words.FIRST, 0], [0, 0]])
        found = super().learn(examples, config)
        own = {name: found[name] for name in ("known", "rules") if name in found}
        return {**own, "clues": names, "weights": weights, "transitions": transitions}

    def model(self, config):
        """{"clues": (B, T, F)} -> what `tagger.head` gives."""
        inputs = self._inputs(config)
        outputs = linear_chain.outputs(inputs["clues"], config.learned["weights"].shape)
        net = tagger.Tagger(inputs, tagged.ruled(outputs, inputs), name="tagging")
        net.forbidden = tagged.forbidden(config)
        net.compile(optimizer="sgd", jit_compile=False)
        return net

    def phases(self, config):
        """One, found at once."""

        def solve(net, source):
            learned = config.learned
            linear_chain.assign(net, learned["weights"], learned["transitions"])

        return [Phase("fit", config, solve=solve)]

    def _shapes(self, config):
        return {"clues": (self._size(config), clues.COUNT)}
