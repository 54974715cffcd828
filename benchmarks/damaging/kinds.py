"""The kinds of damage, and the formats that can have each."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from damaging import boxes, lines, pictures, texts
from damaging.clean import Row

CLASSES = ("image_folder", "table")
TEXTS = ("text_folder", "text_table", "text_jsonl")
TAGS = ("token_jsonl", "span_jsonl", "conll")
WORDS = (*TEXTS, *TAGS)
BOXES = ("coco", "voc", "yolo", "box_table")
MASKS = ("masks", "coco_masks")
PICTURES = (*CLASSES, "domains", "pictures", "unpaired", "pairs", *MASKS, *BOXES)
LABELLED = (*CLASSES, *TEXTS)
JSON = ("text_jsonl", "token_jsonl", "span_jsonl")
SWAPPED = ("text_table", "text_jsonl", "token_jsonl", "conll", "table")
PIXELS = ("coco", "voc", "box_table", "coco_masks")
FEW_BORDERS = "with few borders between 0 and 2 the 1 between them may be a class"
UNKNOWN = "words that no other sentence has tell nothing"
TOLD_APART = "those of CoNLL are told apart by what they hold, and read right"


@dataclass(frozen=True)
class Kind:
    """One kind of damage.

    on_rows: (examples, random generator), before they are written; on_files: (folder, random
    generator), afterwards. argued: why silence is right, or all that there can be.
    """

    name: str
    layouts: Sequence[str]
    on_files: Callable[[Path, random.Random], None] | None = None
    on_rows: Callable[[list[Row], random.Random], None] | None = None
    argued: str = ""


def _rows(name: str, layouts: Sequence[str], damage: Callable, argued: str = "") -> Kind:
    return Kind(name, layouts, on_rows=damage, argued=argued)


FILES = (
    Kind("picture cut off", PICTURES, pictures.truncated),
    Kind("PNG without its end", PICTURES, pictures.png_without_end),
    Kind("tail of zeros", PICTURES, pictures.zero_tail),
    Kind("empty picture", PICTURES, pictures.empty_file),
    Kind("web page for a picture", PICTURES, pictures.page),
    Kind("noise for a picture", PICTURES, pictures.noise),
    Kind("bits flipped in a PNG", PICTURES, pictures.flipped_bits),
    Kind("picture of 60,000 x 60,000", PICTURES, pictures.bomb),
    Kind("link to nowhere", PICTURES, pictures.dangling_link),
    Kind("folder for a picture", PICTURES, pictures.folder_for_file),
    Kind("picture of one colour", PICTURES, pictures.constant),
    Kind("grey among colours", PICTURES, pictures.grey),
    Kind("16 bits among 8", PICTURES, pictures.deep),
    Kind("picture in two splits", PICTURES, pictures.leak),
    Kind("encoded again in two splits", PICTURES, pictures.leak_reencoded),
    Kind(
        "scaled in two splits",
        PICTURES,
        pictures.leak_resized,
        argued="a small JPEG has lost the details that tell a copy from a like picture",
    ),
    Kind("nearly the same in two splits", PICTURES, pictures.leak_nearly),
    Kind("picture twice", PICTURES, pictures.doubled),
    Kind("picture lost", ("table", "pairs", *MASKS, *BOXES), pictures.missing_picture),
    Kind(
        "picture upside down",
        ("pairs", *MASKS, *BOXES),
        pictures.upside_down,
        argued="its edges may lie at those of what is marked as well",
    ),
    Kind("picture scaled after marking", ("pairs", "masks", *PIXELS), pictures.other_size),
    Kind("picture turned after marking", ("pairs", *MASKS, *BOXES), pictures.turned),
)
PLACES = (
    _rows("box inverted", BOXES, boxes.one(boxes.inverted)),
    _rows("box without width", BOXES, boxes.one(boxes.flat)),
    _rows("box beyond its picture", BOXES, boxes.one(boxes.beyond)),
    _rows("box partly beyond", BOXES, boxes.one(boxes.partly_beyond)),
    _rows("box with negative sides", BOXES, boxes.one(boxes.negative)),
    _rows("NaN in a box", BOXES, boxes.one(boxes.not_finite)),
    _rows("infinity in a box", BOXES, boxes.one(boxes.endless)),
    _rows("1e30 in a box", BOXES, boxes.one(boxes.huge)),
    _rows(
        "misspelt class of a box", ("coco", "voc", "yolo", "box_table"),
        boxes.one(boxes.strange_class)
    ),
    _rows("box twice", BOXES, boxes.twice),
    _rows("shares for pixels", ("coco", "voc", "box_table"), boxes.every(boxes.shares)),
    _rows("pixels for shares", ("yolo",), boxes.every(boxes.pixels)),
    _rows("thousandths for pixels", ("coco", "voc", "box_table"), boxes.every(boxes.thousandths)),
    _rows("xywh for xyxy", ("voc", "box_table"), boxes.every(boxes.sides_for_corner)),
    _rows("xyxy for xywh", ("coco",), boxes.every(boxes.corner_for_sides)),
    _rows("corner for centre", ("yolo",), boxes.every(boxes.corner_for_centre)),
    _rows("centre for corner", ("coco", "voc", "box_table"), boxes.every(boxes.centre_for_corner)),
    _rows("axes swapped", BOXES, boxes.every(boxes.axes)),
    _rows(
        "boxes of another picture", BOXES, boxes.others_boxes,
        "those within the other picture could be its own"
    ),
    _rows("picture without its boxes", BOXES, boxes.unmarked),
    Kind("width and height swapped", ("coco", "voc"), boxes.wrong_size),
    Kind(
        "annotations cut off", BOXES, boxes.cut_file,
        argued="between two lines of YOLO nothing is missing"
    ),
    Kind("zeros in annotations", BOXES, boxes.zeros_in_file),
    Kind("annotations lost", BOXES, boxes.lost_file),
    Kind("word for a number", BOXES, boxes.words_for_numbers),
    _rows("mask of another picture", ("masks",), texts.mask_of_other),
    _rows("mask upside down", ("masks",), texts.mask_upside_down),
    _rows("stray value in a mask", ("masks",), texts.mask_value),
    _rows("mask all ignored", ("masks",), texts.mask_ignored),
    _rows("mask of background", ("masks",), texts.mask_empty),
    Kind("mask interpolated", ("masks",), texts.mask_smooth, argued=FEW_BORDERS),
    Kind("mask in colours", ("masks",), texts.mask_colour),
    Kind("masks as JPEG", ("masks",), texts.mask_jpeg),
    Kind("mask lost", ("masks",), texts.lost_mask),
)  # fmt: skip
LABELS = (
    _rows("class in test alone", (*LABELLED, *BOXES), texts.unseen_class),
    _rows("class of one example", (*LABELLED, *BOXES), texts.rare_class),
    _rows("class in two spellings", (*LABELLED, *BOXES), texts.other_case),
    _rows("one class", LABELLED, texts.one_class),
    _rows("one square in train", LABELLED, texts.imbalanced),
    _rows("two labels of one example", LABELLED, texts.contradiction),
    _rows("split without examples", (*LABELLED, *TAGS, *BOXES, "masks", "pairs"), texts.lost_split),
    _rows("split of one example", (*LABELLED, *TAGS, *BOXES, "masks", "pairs"), texts.cut_split),
    _rows("test within train", (*LABELLED, *TAGS, *BOXES, "masks", "pairs"), texts.swapped_splits),
    Kind(
        "file of a split lost", ("image_folder", *JSON, "conll", "coco", "voc", "yolo", "masks"),
        lines.lost_file
    ),
    Kind(
        "split of a strange name", ("table", *WORDS, "coco", "box_table", "masks"),
        lines.strange_split
    ),
)  # fmt: skip
WRITING = (
    _rows("sentence in two splits", WORDS, texts.leak),
    _rows("sentence in capitals in two", WORDS, texts.leak_case),
    _rows("other punctuation in two", WORDS, texts.leak_punctuation),
    _rows("sentence twice", WORDS, texts.doubled),
    _rows("zero-width word", WORDS, texts.zero_width),
    _rows("word joiner alone", WORDS, texts.unknown_space),
    _rows("NUL in a word", WORDS, texts.nul),
    _rows("half a surrogate", WORDS, texts.surrogate),
    _rows("escape sequence", WORDS, texts.steering),
    _rows("replacement character", WORDS, texts.replaced),
    _rows("empty text", WORDS, texts.empty),
    _rows("blank text", WORDS, texts.blank),
    _rows("text of 20,000 words", WORDS, texts.endless),
    _rows("tags against their scheme", ("token_jsonl", "conll"), texts.broken_scheme),
    _rows("tag without a scheme", ("token_jsonl", "conll"), texts.strange_tag),
    _rows("tags one word late", ("token_jsonl", "conll"), texts.shifted_tags, UNKNOWN),
    Kind(
        "columns swapped everywhere", SWAPPED, lines.every_line(lines.swapped_columns),
        argued=TOLD_APART
    ),
    Kind(
        "cell missing", ("table", "box_table", "text_table", *JSON, "conll"),
        lines.one_line(lines.without_cell)
    ),
    Kind(
        "cell too many", ("table", "box_table", "text_table", *JSON, "conll"),
        lines.one_line(lines.further_cell)
    ),
    Kind(
        "label missing", ("table", "text_table", *JSON, "conll"), lines.one_line(lines.empty_label)
    ),
    Kind(
        "other delimiter", ("table", "box_table", "text_table", "conll"),
        lines.one_line(lines.other_delimiter)
    ),
    Kind(
        "open quotation mark", ("table", "box_table", "text_table"),
        lines.one_line(lines.open_quote)
    ),
    Kind("header lost", ("table", "box_table", "text_table"), lines.without_header),
    Kind("broken line of JSON", JSON, lines.one_line(lines.broken_json)),
    Kind("numbers for texts", JSON, lines.one_line(lines.wrong_type)),
    Kind("JSON 100,000 deep", (*JSON, "coco"), lines.one_line(lines.deep)),
    Kind("number of 5,000 digits", (*JSON, "coco"), lines.one_line(lines.long_number)),
    Kind("span beyond its text", ("span_jsonl",), lines.one_line(lines.span_beyond)),
    Kind("spans overlap", ("span_jsonl",), lines.one_line(lines.spans_overlap)),
    Kind("span inverted", ("span_jsonl",), lines.one_line(lines.span_inverted)),
    Kind("spans one character late", ("span_jsonl",), lines.every_line(lines.span_shifted)),
    Kind("bytes of Latin-1", (*WORDS, "table", "box_table"), lines.latin1),
    Kind("file of UTF-16", (*WORDS, "table", "box_table", "coco", "yolo"), lines.utf16),
    Kind("file cut within a line", ("table", "box_table", "text_table", *JSON, "conll"), lines.cut),
    Kind("zeros in a file", (*WORDS, "table", "box_table"), lines.zeros),
    Kind("noise for a file", (*WORDS, "table", "box_table", "voc", "coco", "yolo"), lines.noise),
    Kind("empty file", (*WORDS, "table", "box_table", "voc", "coco"), lines.empty),
)  # fmt: skip
KINDS = (*FILES, *PLACES, *LABELS, *WRITING)
