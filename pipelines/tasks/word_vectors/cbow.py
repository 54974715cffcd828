"""The mean of the words around a word predicts it: a continuous bag of words."""

from pipelines.tasks.word_vectors import _windows


class CBOW(_windows.Windows):
    """The mean vector of the neighbours tells the word between them from drawn words."""

    Config = _windows.Config
    paper = "Mikolov et al. 2013"
    _is_bag = True
