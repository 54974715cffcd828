"""Registers all layers of this package with Keras: import it to open a run's model.keras by Keras
itself.

import keras, pipelines.layers
model = keras.saving.load_model("runs/photos/model.keras")
"""

import keras_hub  # noqa: F401  # whose layers pretrained nets have

from pipelines.models import (  # noqa: F401
    adversarial,
    als,
    attending_writing,
    bert,
    boltzmann,
    coders,
    counted_terms,
    dcgan,
    embedding,
    fusion,
    glove,
    gradient_reversal,
    haar_net,
    joint,
    language,
    layerwise,
    llama,
    low_rank,
    memory,
    mtcnn,
    neighbours,
    one_hot,
    painting,
    paired,
    policy_nets,
    pool,
    rating_factors,
    rating_neighbours,
    recurrent_writing,
    redrawing,
    regions,
    replaced,
    sampled_softmax,
    span,
    strangeness,
    super_resolution,
    tagger,
    thresholds,
    transformer,
    unseen,
    variational,
    views,
    word_windows,
    writing,
)
