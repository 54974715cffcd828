"""The kinds of file that a bundle may hold, and what each is called there."""

SAVED_MODEL, NUMPY = "saved_model", "numpy"
TFLITE = {  # by TensorFlow's converter
    "float32": "model.tflite",
    "float16": "model_float16.tflite",
    "dynamic": "model_dynamic.tflite",
    "int8": "model_int8.tflite",
}
RECIPES = {  # by ai-edge-quantizer
    "weight_only_int8": "model_weight_only_int8.tflite",
    "weight_only_int4": "model_weight_only_int4.tflite",
    "mixed": "model_mixed.tflite",
}
CONVERTED = TFLITE | RECIPES
KINDS = {SAVED_MODEL: "saved_model", **CONVERTED, NUMPY: "model.npz"}
