"""Faster R-CNN: a net proposes regions, and a second one judges each by the same features."""

from dataclasses import dataclass

from etils import epy

from pipelines.config import setting
from pipelines.families import anchored, pyramids
from pipelines.tasks import detection

with epy.lazy_imports():  # the settings can be listed without TensorFlow
    import keras

    from pipelines import optimization
    from pipelines.losses import regions as losses
    from pipelines.metrics import proposal_recall
    from pipelines.models import default_box_heads, detector, regions
    from pipelines.ops import boxes as box_ops
    from pipelines.ops import default_boxes, offsets

CANDIDATES = 1000  # best anchors that are suppressed when proposals are scored, 300 of them


@dataclass(frozen=True, kw_only=True)
class _Config(anchored.Config, detection.Config):
    """The settings of every detector, those of anchors, and those of regions."""

    proposals: int = setting(64, "regions of a picture that are judged", "boxes", low=2, high=300)
    bins: int = setting(7, "rows and columns of a region's features", "cells", low=1, high=16)
    head_width: int = setting(256, "units of the two layers that judge a region", low=1, high=4096)


class FasterRCNN(detection.Detection):
    """Regions by a net that proposes them, and a class and a better box for each."""

    Config = _Config
    paper = "Ren et al. 2015"

    def resolve(self, config, data):
        """Besides, the anchors, the backbone, what of it is trained, and how long."""
        return anchored.resolved(super().resolve(config, data), data)

    def learns(self, config):
        """That weights are random for want of a pretrained net."""
        return pyramids.learns(config)

    def model(self, config):
        """{"image": uint8 (B, S, S, 3)} -> a compiled model of these outputs, N = proposals:

        "objectness": logits (B, A, 2), "offsets": (B, A, 4) of anchors; "features": (B, H, W, C) of
        the finest level; "proposals": (B, N, 4); "classes": logits (B, N, C + 1), the first is
        background, "moves": (B, N, 4) of these.
        """
        inputs = keras.Input((config.image_size, config.image_size, 3), dtype="uint8", name="image")
        net = (config.size, config.strides, config.backbone, config.backbone_arguments)
        levels, width = detector.features(inputs, *net), detector.SIZES[config.size][2]
        found = default_box_heads.heads(levels, config.strides, width, default_boxes.A_CELL, 2)
        proposals = regions.Proposals(
            anchored.boxes(config), config.proposals, dtype="float32", name="proposals"
        )(found)
        features = detector.conv(levels[0], width, name="region_features")
        judge = regions.head(
            *(features, proposals, config.bins, config.head_width, len(config.labels))
        )
        judged = judge([features, proposals])
        outputs = {
            "objectness": found["classes"],
            "offsets": found["offsets"],
            "features": features,
            "proposals": proposals,
            "classes": judged["classes"],
            "moves": judged["offsets"],
        }
        made = regions.RegionJoint({"image": inputs}, outputs, name="detection")
        self._compile(made, config)
        return made

    def explain(self, answer, part, config):
        """The recall of the proposals alone, of 50, 100 and 300 a picture; see `ProposalRecall`."""
        recall, anchors = proposal_recall.ProposalRecall(), anchored.boxes(config)
        for inputs, targets in part.batches().as_numpy_iterator():
            raw = answer.raw(inputs)
            found = {"classes": raw["objectness"], "offsets": raw["offsets"]}
            most = max(proposal_recall.COUNTS)
            recall.update_state(targets, regions.proposed(found, anchors, most, CANDIDATES))
        return recall.result()

    def _compile(self, net, config, rates=(), pull=0.0):
        loss = losses.RegionLoss(anchored.boxes(config))
        optimization.compile(net, config, rates, pull, loss=loss)

    def _boxes(self, outputs, config):
        """Raw outputs -> boxes (B, N, 4) yxyx in [0, 1] of the letterbox, scores (B, N, C): 0 of
        regions that are none."""
        scores = keras.ops.softmax(outputs["classes"], -1)[..., 1:]
        is_region = keras.ops.cast(box_ops.area(outputs["proposals"]) > 0, "float32")
        found = offsets.decode(outputs["moves"], outputs["proposals"])
        return keras.ops.clip(found, 0.0, 1.0), scores * is_region[..., None]

    def _count(self, config):
        return min(config.proposals, regions.CANDIDATES, len(anchored.boxes(config)))

    def _candidates(self, config):
        return config.proposals
