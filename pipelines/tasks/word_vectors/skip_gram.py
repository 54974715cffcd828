"""Each word predicts the words around it."""

from pipelines.tasks.word_vectors import _windows


class SkipGram(_windows.Windows):
    """A word's vector tells its neighbours from drawn words, or finds them in a tree of all
    words."""

    Config = _windows.Config
    paper = "Mikolov et al. 2013"
