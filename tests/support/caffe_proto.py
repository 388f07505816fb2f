"""Caffe's messages for protobuf's own parser, numbers and types as `caffe.proto` has them: what is read here
is compared with what protobuf makes of the same text or bytes."""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

ENUMS = {
    "Phase": "TRAIN TEST",
    "Pool": "MAX AVE STOCHASTIC",
    "Round": "CEIL FLOOR",
    "Region": "ACROSS_CHANNELS WITHIN_CHANNEL",
    "Op": "PROD SUM MAX",
    "Norm": "FAN_IN FAN_OUT AVERAGE",
    "Backend": "LEVELDB LMDB",
}
OLD = {"ACCURACY": 1, "CONCAT": 3, "CONVOLUTION": 4, "DATA": 5, "DROPOUT": 6, "INNER_PRODUCT": 14, "LRN": 15}
OLD |= {"POOLING": 17, "RELU": 18, "SOFTMAX": 20, "SOFTMAX_LOSS": 21, "ELTWISE": 25, "SLICE": 33}
LETTERS = {"s": "STRING", "i": "INT32", "u": "UINT32", "l": "INT64", "f": "FLOAT", "b": "BOOL", "d": "DOUBLE"}
DATA = "source:s=1 scale:f=2 mean_file:s=3 batch_size:u=4 crop_size:u=5 mirror:b=6"
FILL = "weight_filler:Filler={} bias_filler:Filler={}"
SIDES = "kernel_h:u={} kernel_w:u={} stride_h:u={} stride_w:u={} pad_h:u={} pad_w:u={}"
PARAMS = {
    "accuracy_param:Accuracy": (102, 27),
    "batch_norm_param:Norm_": (139, 0),
    "bias_param:Bias": (141, 0),
    "concat_param:Concat": (104, 9),
    "convolution_param:Convolution": (106, 10),
    "data_param:Data": (107, 11),
    "dropout_param:Dropout": (108, 12),
    "eltwise_param:Eltwise": (110, 24),
    "elu_param:ELU": (140, 0),
    "flatten_param:Flatten": (135, 0),
    "inner_product_param:InnerProduct": (117, 17),
    "input_param:Input": (143, 0),
    "lrn_param:LRN": (118, 18),
    "pooling_param:Pooling": (121, 19),
    "power_param:Power": (122, 21),
    "relu_param:ReLU": (123, 30),
    "reshape_param:Reshape": (133, 0),
    "scale_param:Scale": (142, 0),
    "slice_param:Slice": (126, 31),
    "transform_param:Transform": (100, 36),
}
MESSAGES = {
    "NetParameter": "name:s=1 layers:V1Layer*=2 input:s*=3 input_dim:i*=4"
    " input_shape:Shape*=8 layer:Layer*=100",
    "Shape": "dim:l+=1",
    "Blob": "num:i=1 channels:i=2 height:i=3 width:i=4 data:f+=5 shape:Shape=7 double_data:d+=8",
    "Param": "name:s=1 lr_mult:f=3 decay_mult:f=4",
    "Rule": "phase:Phase=1 min_level:i=2 max_level:i=3 stage:s*=4",
    "Filler": "type:s=1 value:f=2 min:f=3 max:f=4 mean:f=5 std:f=6 sparse:i=7 variance_norm:Norm=8",
    "Layer": "name:s=1 type:s=2 bottom:s*=3 top:s*=4 loss_weight:f*=5 param:Param*=6 blobs:Blob*=7"
    " include:Rule*=8 exclude:Rule*=9 phase:Phase=10 " + " ".join(f"{n}={v[0]}" for n, v in PARAMS.items()),
    "V1Layer": "bottom:s*=2 top:s*=3 name:s=4 type:LayerType=5 blobs:Blob*=6 blobs_lr:f*=7 weight_decay:f*=8"
    " include:Rule*=32 loss_weight:f*=35 " + " ".join(f"{n}={v[1]}" for n, v in PARAMS.items() if v[1]),
    "Accuracy": "top_k:u=1",
    "Norm_": "use_global_stats:b=1 moving_average_fraction:f=2 eps:f=3",
    "Bias": "axis:i=1",
    "Concat": "concat_dim:u=1 axis:i=2",
    "Convolution": "num_output:u=1 bias_term:b=2 pad:u*=3 kernel_size:u*=4 group:u=5 stride:u*=6"
    " dilation:u*=18 " + FILL.format(7, 8) + " " + SIDES.format(11, 12, 13, 14, 9, 10),
    "Data": DATA + " backend:Backend=8",
    "Dropout": "dropout_ratio:f=1",
    "Eltwise": "operation:Op=1 coeff:f*=2",
    "ELU": "alpha:f=1",
    "Flatten": "axis:i=1 end_axis:i=2",
    "InnerProduct": "num_output:u=1 bias_term:b=2 axis:i=5 transpose:b=6 " + FILL.format(3, 4),
    "Input": "shape:Shape*=1",
    "LRN": "local_size:u=1 alpha:f=2 beta:f=3 norm_region:Region=4 k:f=5",
    "Pooling": "pool:Pool=1 kernel_size:u=2 stride:u=3 pad:u=4 global_pooling:b=12 round_mode:Round=13 "
    + SIDES.format(5, 6, 7, 8, 9, 10),
    "Power": "power:f=1 scale:f=2 shift:f=3",
    "ReLU": "negative_slope:f=1",
    "Reshape": "shape:Shape=1 axis:i=2 num_axes:i=3",
    "Scale": "axis:i=1 bias_term:b=4",
    "Slice": "slice_dim:u=1 slice_point:u*=2 axis:i=3",
    "Transform": "scale:f=1 mirror:b=2 crop_size:u=3 mean_file:s=4 mean_value:f*=5",
}  # fmt: skip


@cache
def net_class() -> Any:
    """protobuf's class of NetParameter."""
    file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe", syntax="proto2")
    enums = {name: {word: i for i, word in enumerate(words.split())} for name, words in ENUMS.items()}
    for name, numbers in {**enums, "LayerType": {"NONE": 0, **OLD}}.items():
        enum = file.message_type.add(name=f"Of{name}").enum_type.add(name=name)  # words are unique in a scope
        for word, number in numbers.items():
            enum.value.add(name=word, number=number)
    for name, text in MESSAGES.items():
        message = file.message_type.add(name=name)
        for entry in text.split():
            field, kind, at = entry.replace("=", ":").split(":")
            made = message.field.add(name=field, number=int(at))
            made.label = made.LABEL_REPEATED if kind[-1] in "*+" else made.LABEL_OPTIONAL
            made.options.packed = kind.endswith("+")
            kind = kind.rstrip("*+")
            if kind in LETTERS:
                made.type = getattr(made, f"TYPE_{LETTERS[kind]}")
            else:
                made.type = made.TYPE_MESSAGE if kind in MESSAGES else made.TYPE_ENUM
                made.type_name = f".caffe.{kind}" if kind in MESSAGES else f".caffe.Of{kind}.{kind}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.NetParameter"))


def net(text: str) -> Any:
    """A net in text as protobuf reads it."""
    return text_format.Parse(text, net_class()())
