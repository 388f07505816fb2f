"""Every rule that a finding can be about. A rule's page is `codes/CODE.md`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from specnet.diagnostics.diagnostic import Rule

READING = "SN1"
VALUES = "SN2"

FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        READING: "reading the file",
        VALUES: "keys and values",
        "SN3": "the graph",
        "SN4": "shapes",
        "SN5": "groups",
        "SN6": "the recipe",
        "SN7": "weights from files",
        "SN8": "datasets",
        "SN9": "models of other frameworks",
    }
)
"""What the rules of a family are about."""

NOT_YAML = Rule("SN101", "not-yaml")
DUPLICATE_KEY = Rule("SN102", "duplicate-key")
TAG = Rule("SN103", "tag")
ALIAS = Rule("SN104", "alias")
KEY_NOT_TEXT = Rule("SN105", "key-not-text")
NOT_A_MAPPING = Rule("SN106", "not-a-mapping")
EMPTY_FILE = Rule("SN107", "empty-file")
BAD_CHARACTER = Rule("SN108", "bad-character")
TOO_LARGE = Rule("SN109", "too-large")
SECOND_DOCUMENT = Rule("SN110", "second-document")
UNREADABLE_FILE = Rule("SN111", "unreadable-file")

UNKNOWN_KEY = Rule("SN201", "unknown-key")
MISSING_KEY = Rule("SN202", "missing-key")
WRONG_TYPE = Rule("SN203", "wrong-type")
UNKNOWN_KIND = Rule("SN204", "unknown-kind")
BAD_NAME = Rule("SN205", "bad-name")
UNKNOWN_WORD = Rule("SN206", "unknown-word")
OUT_OF_RANGE = Rule("SN207", "out-of-range")
BROKEN_PLUGIN = Rule("SN208", "broken-plugin")
UNKNOWN_ASSUMPTION = Rule("SN209", "unknown-assumption")
ASSUMED_VALUE = Rule("SN210", "assumed-value", "warning")

UNKNOWN_BLOCK = Rule("SN221", "unknown-block")
UNKNOWN_PARAMETER = Rule("SN222", "unknown-parameter")
BLOCK_IN_ITSELF = Rule("SN223", "block-in-itself")
BLOCK_OUTPUT = Rule("SN224", "block-output")
UNUSED_BLOCK = Rule("SN225", "unused-block", "warning")

UNKNOWN_LAYER = Rule("SN301", "unknown-layer")
CYCLE = Rule("SN302", "cycle")
INPUT_MISSING = Rule("SN303", "input-missing")
UNREAD_SHARE = Rule("SN305", "unread-share")
UNREAD_LAYER = Rule("SN305", "unread-layer", "warning")

UNFIT_INPUTS = Rule("SN401", "unfit-inputs")
UNFIT_WINDOW = Rule("SN402", "unfit-window")
IMAGE_NEEDED = Rule("SN403", "image-needed")
TOO_MANY_VALUES = Rule("SN404", "too-many-values")
UNREACHED_PIXELS = Rule("SN405", "unreached-pixels", "warning")
WRITTEN_SHAPE = Rule("SN406", "written-shape")
RADIUS_AS_SIZE = Rule("SN407", "radius-as-size", "warning")
CHANNELS_LAST = Rule("SN408", "channels-last", "warning")

UNKNOWN_GROUP = Rule("SN501", "unknown-group")
INDIVISIBLE = Rule("SN502", "indivisible")
UNDECLARED_CROSSING = Rule("SN503", "undeclared-crossing")
NEEDLESS_CROSSING = Rule("SN504", "needless-crossing")
DUPLICATE_GROUP = Rule("SN505", "duplicate-group")
SPLIT_SOFTMAX = Rule("SN506", "split-softmax")
TRAINED_COPIES = Rule("SN507", "trained-copies")
EMPTY_GROUP = Rule("SN508", "empty-group", "warning")
UNEVEN_GROUPS = Rule("SN509", "uneven-groups", "warning")
DEVICE_MEMORY = Rule("SN510", "device-memory", "warning")
TOO_MANY_EDGES = Rule("SN511", "too-many-edges")

LOSS_OF_NO_LAYER = Rule("SN601", "loss-of-no-layer")
LOSS_OF_SPLIT_LAYER = Rule("SN602", "loss-of-split-layer")
LOSS_OF_IMAGE = Rule("SN603", "loss-of-image")
CROP_SIZE = Rule("SN604", "crop-size")
LOSS_OF_NO_LOGITS = Rule("SN605", "loss-of-no-logits", "warning")
CLASS_COUNT = Rule("SN606", "class-count", "warning")
IMAGE_SHAPE = Rule("SN607", "image-shape", "warning")
BATCH_TOO_SMALL = Rule("SN609", "batch-too-small")
UNFIT_METRIC = Rule("SN610", "unfit-metric")
CHANNEL_COUNT = Rule("SN612", "channel-count")
UNLIKE_HEADS = Rule("SN613", "unlike-heads")
RATE_OF_NOTHING = Rule("SN614", "rate-of-nothing")
RATE_IN_VAIN = Rule("SN615", "rate-in-vain", "warning")
FROZEN_NOTHING = Rule("SN616", "frozen-nothing")
NOTHING_TO_TRAIN = Rule("SN617", "nothing-to-train")
SMALL_CONSTANTS = Rule("SN618", "small-constants", "warning")

MAPPED_TO_NOTHING = Rule("SN701", "mapped-to-nothing")
UNLIKE_TARGETS = Rule("SN702", "unlike-targets")
FLATTEN = Rule("SN703", "flatten")
TENSOR_MISSING = Rule("SN704", "tensor-missing")
ENTRY_WITHOUT_TENSOR = Rule("SN705", "entry-without-tensor")
PARAMETER_MISSING = Rule("SN706", "parameter-missing")
TENSOR_LEFT_OVER = Rule("SN707", "tensor-left-over")
GIVEN_TWICE = Rule("SN708", "given-twice")
TENSOR_TYPE = Rule("SN709", "tensor-type")
TENSOR_SHAPE = Rule("SN710", "tensor-shape")
UNKNOWN_LAYOUT = Rule("SN711", "unknown-layout")
UNFIT_VALUES = Rule("SN712", "unfit-values")
HALF_BATCH_NORM = Rule("SN713", "half-batch-norm")

UNUSABLE_DATASET = Rule("SN801", "unusable-dataset")

FOREIGN_OPERATION = Rule("SN901", "foreign-operation")

RULES: tuple[Rule, ...] = tuple(value for value in tuple(globals().values()) if isinstance(value, Rule))
"""All of them, in the order of their codes. Two that differ in severity may share a code, and so a page."""
