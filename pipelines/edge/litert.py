"""A TFLite file as a function of named arrays."""

import numpy as np

SIGNATURE = "serving_default"


class Model:
    """A TFLite file, ready to run on the CPU. Not for use from two threads at once.

    `inputs` and `outputs` are {name: {"shape": [...], "dtype": "uint8"}}, as the file has them.
    Raises ValueError in one line where the file is missing or broken, has no signature, or holds an
    op that LiteRT does not know.
    """

    def __init__(self, path, threads=None):
        from ai_edge_litert.interpreter import Interpreter  # takes 0.15 s, and `--help` should not

        try:
            interpreter = Interpreter(str(path), num_threads=threads)
            interpreter.allocate_tensors()
            self._runner = interpreter.get_signature_runner(SIGNATURE)
        except (ValueError, RuntimeError) as error:
            raise ValueError(
                f"{path} does not run in LiteRT: {' '.join(str(error).split())}"
            ) from error
        self._inputs = self._runner.get_input_details()
        self._outputs = self._runner.get_output_details()
        self.inputs = {name: _spec(details) for name, details in self._inputs.items()}
        self.outputs = {name: _spec(details) for name, details in self._outputs.items()}

    def __call__(self, inputs):
        """{name: array} -> {name: new array}, real numbers both ways: a quantised tensor's scale is
        applied here.

        Raises ValueError on a missing or unknown name, another shape, numbers that the input's type
        cannot hold, or a step that fails.
        """
        if inputs.keys() != self._inputs.keys():
            raise ValueError(
                f"the inputs must be {', '.join(self._inputs)}; got {', '.join(inputs) or 'none'}."
            )
        encoded = {
            name: _encoded(name, inputs[name], details) for name, details in self._inputs.items()
        }
        try:
            outputs = self._runner(**encoded)
        except RuntimeError as error:
            raise ValueError(" ".join(str(error).split())) from error
        return {name: _decoded(outputs[name], details) for name, details in self._outputs.items()}


def _spec(details):
    return {"shape": details["shape"].tolist(), "dtype": np.dtype(details["dtype"]).name}


def _encoded(name, values, details):
    """Real numbers -> what the input tensor holds."""
    values, dtype = np.asarray(values), details["dtype"]
    # The runner would resize the file to any shape, and a file with a fixed batch then fails or is
    # silently wrong.
    if values.shape != tuple(details["shape"]):
        raise ValueError(
            f"{name} must have shape {details['shape'].tolist()}; got {list(values.shape)}."
        )
    scale, zero_point = details["quantization"]
    if scale and not (values.dtype == dtype and (scale, zero_point) == (1, 0)):
        limits = np.iinfo(dtype)
        return np.clip(np.round(values / scale + zero_point), limits.min, limits.max).astype(dtype)
    if not np.can_cast(values.dtype, dtype, "same_kind"):
        raise ValueError(f"{name} must be {np.dtype(dtype).name}; got {values.dtype.name}.")
    return values.astype(dtype, copy=False)


def _decoded(values, details):
    """What the output tensor holds -> real numbers."""
    scale, zero_point = details["quantization"]
    return (values.astype(np.float32) - zero_point) * np.float32(scale) if scale else values
