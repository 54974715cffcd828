"""What settings are called in other packages, so that an unknown one can be answered."""

NAMES = {  # Ultralytics, Keras, Hugging Face's Trainer, fastai, Lightning -> here
    "lr": "learning_rate", "lr0": "learning_rate", "base_lr": "learning_rate",
    "batch": "batch_size", "bs": "batch_size", "per_device_train_batch_size": "batch_size",
    "imgsz": "image_size", "img_size": "image_size", "size": "image_size",
    "num_train_epochs": "epochs", "n_epoch": "epochs", "max_epochs": "epochs",
    "early_stopping_patience": "patience", "early_stopping": "patience",
    "weight_decay_rate": "weight_decay", "wd": "weight_decay", "warmup": "warmup_epochs",
    "device": "devices", "gpus": "devices", "amp": "precision", "fp16": "precision",
    "bf16": "precision", "mixed_precision": "precision", "random_state": "seed",
    "class_weight": "class_weights", "class_names": "labels", "net": "backbone",
    "lr_scheduler": "schedule", "lr_scheduler_type": "schedule", "cos_lr": "schedule",
    "fliplr": "flip", "degrees": "rotate", "max_grad_norm": "clip_norm", "time": "minutes",
}  # fmt: skip


def here(name: str, known: set[str]) -> str:
    """What a setting of another package is called here: "Here it is called epochs.", or ""."""
    ours = NAMES.get(name, "")
    return f"Here it is called {ours!r}." if ours in known else ""
