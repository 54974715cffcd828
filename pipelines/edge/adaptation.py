"""The device half of `adaptation`: that of `classification`."""

from .classification import line, predict

FILES = ("classification",)
__all__ = ["FILES", "line", "predict"]
