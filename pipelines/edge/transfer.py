"""The device half of `transfer`: that of `classification`."""

from .classification import line, predict

FILES = ("classification",)
__all__ = ["FILES", "line", "predict"]
