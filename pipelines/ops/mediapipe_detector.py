"""What MediaPipe's ObjectDetector must be told of a file.

See its object_detector_metadata_schema.fbs.
"""

import flatbuffers

NAME = "DETECTOR_METADATA"
IDENTIFIER = b"V001"
# Slots of the schema's tables.
ANCHOR_WIDTH, ANCHOR_HEIGHT = 2, 3
ANCHORS, FIXED, SSD, DECODING = 0, 0, 1, 2
CLASSES, BOXES, COORDINATES, VALUES_PER_KEYPOINT, SCALES = 0, 1, 2, 5, (6, 7, 8, 9)


def options(boxes: int, classes: int) -> bytes:
    """The options of `boxes` boxes with scores of `classes` -> bytes.

    A box has centre and size, as shares of the picture. Every box has the same anchor, the whole
    picture, so that it decodes to itself.
    """
    builder = flatbuffers.Builder()
    builder.StartObject(4)  # a centre of (0, 0) is the default
    for slot in (ANCHOR_WIDTH, ANCHOR_HEIGHT):
        builder.PrependFloat32Slot(slot, 1.0, 0.0)
    anchor = builder.EndObject()
    builder.StartVector(4, boxes, 4)
    for _ in range(boxes):
        builder.PrependUOffsetTRelative(anchor)  # one table serves them all
    anchors = builder.EndVector()
    fixed = _table(builder, {ANCHORS: anchors})
    ssd = _table(builder, {FIXED: fixed})
    builder.StartObject(12)
    numbers = {CLASSES: classes, BOXES: boxes, COORDINATES: 4, VALUES_PER_KEYPOINT: 2}
    for slot, value in numbers.items():
        builder.PrependInt32Slot(slot, value, 0)
    for slot in SCALES:
        builder.PrependFloat32Slot(slot, 1.0, 0.0)
    decoding = builder.EndObject()
    builder.Finish(_table(builder, {SSD: ssd, DECODING: decoding}), IDENTIFIER)
    return bytes(builder.Output())


def _table(builder: flatbuffers.Builder, offsets: dict[int, int]) -> int:
    builder.StartObject(max(offsets) + 1)
    for slot, offset in offsets.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    return builder.EndObject()
