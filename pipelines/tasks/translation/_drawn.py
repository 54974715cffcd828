"""A translation as a person looks at it: the texts, and where the net looked."""

from etils import epy

from pipelines import canvas

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import numpy as np

    from pipelines.edge import heat, text_ids


class Shown:
    """One sentence. known: see `text_ids.opened`; inputs, decoded, targets: of one example."""

    def __init__(self, known, inputs, decoded, targets=None):
        self._known, self._decoded = known, decoded
        self._source, self._made = self._items(inputs["source"]), self._items(decoded["ids"])
        self._true = [] if targets is None else self._items(targets["reference"])

    def text(self):
        """The source, the translation and the reference, a line each."""
        rows = [("source", self._source), ("translation", self._made), ("reference", self._true)]
        shown = [(name, [("".join(self._pieces(ids)), "", "")]) for name, ids in rows if ids]
        return canvas.MarkedText(shown)

    def picture(self):
        """The attention as a table of weights, with the texts below."""
        weights = np.asarray(self._decoded["attention"])[: len(self._made), : len(self._source)]
        rows, columns = (
            [piece.strip() for piece in self._pieces(ids)] for ids in (self._made, self._source)
        )
        table = heat.drawn(weights, columns, rows)
        lines = [line.split("  ", 1)[-1] for line in str(self.text()).split("\n")]
        return canvas.captioned(table, lines)

    def _items(self, ids):
        own = [int(i) for i in np.asarray(ids)]
        return own[: own.index(text_ids.END)] if text_ids.END in own else own

    def _pieces(self, ids):
        return list(self._known.pieces(ids, is_first=True))
