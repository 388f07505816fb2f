"""The fields of Caffe's messages by name and number, as BVLC's `caffe.proto` has them.

Of messages that no layer read here needs, the name alone is known: `any`, which is passed over.
"""

from __future__ import annotations

from typing import NamedTuple


class Field(NamedTuple):
    """A field's number and type: `string`, `int`, `float`, `bool`, an enum, a message, `floats` and `doubles`
    for lists of numbers that stay bytes, or `any`."""

    number: int
    type: str


_ENGINE = "Engine: DEFAULT CAFFE CUDNN"
_ENUMS = f"""
Phase: TRAIN TEST
DimCheckMode: STRICT PERMISSIVE
VarianceNorm: FAN_IN FAN_OUT AVERAGE
PoolMethod: MAX AVE STOCHASTIC
RoundMode: CEIL FLOOR
NormRegion: ACROSS_CHANNELS WITHIN_CHANNEL
EltwiseOp: PROD SUM MAX
NormalizationMode: FULL VALID BATCH_SIZE NONE
SolverMode: CPU GPU
SnapshotFormat: HDF5 BINARYPROTO
SolverType: SGD NESTEROV ADAGRAD RMSPROP ADADELTA ADAM
DB: LEVELDB LMDB
{_ENGINE}
"""

_OLD_TYPES = """
NONE= ACCURACY=Accuracy BNLL=BNLL CONCAT=Concat CONVOLUTION=Convolution DATA=Data DROPOUT=Dropout
EUCLIDEAN_LOSS=EuclideanLoss FLATTEN=Flatten HDF5_DATA=HDF5Data HDF5_OUTPUT=HDF5Output IM2COL=Im2col
IMAGE_DATA=ImageData INFOGAIN_LOSS=InfogainLoss INNER_PRODUCT=InnerProduct LRN=LRN
MULTINOMIAL_LOGISTIC_LOSS=MultinomialLogisticLoss POOLING=Pooling RELU=ReLU SIGMOID=Sigmoid SOFTMAX=Softmax
SOFTMAX_LOSS=SoftmaxWithLoss SPLIT=Split TANH=TanH WINDOW_DATA=WindowData ELTWISE=Eltwise POWER=Power
SIGMOID_CROSS_ENTROPY_LOSS=SigmoidCrossEntropyLoss HINGE_LOSS=HingeLoss MEMORY_DATA=MemoryData ARGMAX=ArgMax
THRESHOLD=Threshold DUMMY_DATA=DummyData SLICE=Slice MVN=MVN ABSVAL=AbsVal SILENCE=Silence
CONTRASTIVE_LOSS=ContrastiveLoss EXP=Exp DECONVOLUTION=Deconvolution
"""
"""The types of `layers` in the order of their numbers, and what `layer` calls them since."""

OLD_TYPES = dict(pair.split("=") for pair in _OLD_TYPES.split())

ENUMS: dict[str, tuple[str, ...]] = {
    name: tuple(words.split()) for name, words in (line.split(":") for line in _ENUMS.split("\n") if line)
} | {"LayerType": tuple(OLD_TYPES)}
"""The words of each enum, whose numbers count from 0."""

_DATA = "2 scale float, 3 mean_file string, 5 crop_size int, 6 mirror bool"
_FILLERS = "weight_filler FillerParameter, {} bias_filler FillerParameter"
_PARAMS = """
accuracy_param AccuracyParameter 102 27, argmax_param any 103 23, batch_norm_param BatchNormParameter 139,
bias_param BiasParameter 141, clip_param ClipParameter 148, concat_param ConcatParameter 104 9,
contrastive_loss_param any 105 40, convolution_param ConvolutionParameter 106 10, crop_param any 144,
data_param DataParameter 107 11, dropout_param DropoutParameter 108 12,
dummy_data_param DummyDataParameter 109 26, eltwise_param EltwiseParameter 110 24,
elu_param ELUParameter 140, embed_param any 137, exp_param any 111 41, flatten_param FlattenParameter 135,
hdf5_data_param HDF5DataParameter 112 13, hdf5_output_param any 113 14, hinge_loss_param any 114 29,
image_data_param ImageDataParameter 115 15, infogain_loss_param any 116 16,
inner_product_param InnerProductParameter 117 17, input_param InputParameter 143, log_param any 134,
lrn_param LRNParameter 118 18, memory_data_param MemoryDataParameter 119 22, mvn_param any 120 34,
parameter_param any 145, pooling_param PoolingParameter 121 19, power_param PowerParameter 122 21,
prelu_param any 131, python_param any 130, recurrent_param any 146, reduction_param any 136,
relu_param ReLUParameter 123 30, reshape_param ReshapeParameter 133, scale_param ScaleParameter 142,
sigmoid_param SigmoidParameter 124 38, softmax_param SoftmaxParameter 125 39, spp_param any 132,
slice_param SliceParameter 126 31, swish_param SwishParameter 147, tanh_param TanHParameter 127 37,
threshold_param any 128 25, tile_param any 138, window_data_param WindowDataParameter 129 20,
transform_param TransformationParameter 100 36, loss_param LossParameter 101 42
"""
"""What layers of each type may have, with its numbers in `layer` and in `layers`."""

_ENTRIES = [entry.split() for entry in _PARAMS.replace("\n", " ").split(", ")]
_NEW = ", ".join(f"{entry[2]} {entry[0]} {entry[1]}" for entry in _ENTRIES)
_OLD = ", ".join(f"{entry[3]} {entry[0]} {entry[1]}" for entry in _ENTRIES if len(entry) > 3)

_MESSAGES = {
    "NetParameter": "1 name string, 2 layers V1LayerParameter, 3 input string, 4 input_dim int,"
    "5 force_backward bool, 6 state NetState, 7 debug_info bool, 8 input_shape BlobShape,"
    "100 layer LayerParameter",
    "NetState": "1 phase Phase, 2 level int, 3 stage string",
    "NetStateRule": "1 phase Phase, 2 min_level int, 3 max_level int, 4 stage string, 5 not_stage string",
    "BlobShape": "1 dim int",
    "BlobProto": "1 num int, 2 channels int, 3 height int, 4 width int, 5 data floats, 6 diff any,"
    "7 shape BlobShape, 8 double_data doubles, 9 double_diff any",
    "ParamSpec": "1 name string, 2 share_mode DimCheckMode, 3 lr_mult float, 4 decay_mult float",
    "LayerParameter": "1 name string, 2 type string, 3 bottom string, 4 top string, 5 loss_weight float,"
    "6 param ParamSpec, 7 blobs BlobProto, 8 include NetStateRule, 9 exclude NetStateRule, 10 phase Phase,"
    f"11 propagate_down bool, {_NEW}",
    "V1LayerParameter": "1 layer any, 2 bottom string, 3 top string, 4 name string, 5 type LayerType,"
    "6 blobs BlobProto, 7 blobs_lr float, 8 weight_decay float, 32 include NetStateRule,"
    "33 exclude NetStateRule, 35 loss_weight float, 1001 param string, 1002 blob_share_mode DimCheckMode,"
    f"{_OLD}",
    "FillerParameter": "1 type string, 2 value float, 3 min float, 4 max float, 5 mean float, 6 std float,"
    "7 sparse int, 8 variance_norm VarianceNorm",
    "TransformationParameter": "1 scale float, 2 mirror bool, 3 crop_size int, 4 mean_file string,"
    "5 mean_value float, 6 force_color bool, 7 force_gray bool",
    "LossParameter": "1 ignore_label int, 2 normalize bool, 3 normalization NormalizationMode",
    "AccuracyParameter": "1 top_k int, 2 axis int, 3 ignore_label int",
    "BatchNormParameter": "1 use_global_stats bool, 2 moving_average_fraction float, 3 eps float",
    "BiasParameter": "1 axis int, 2 num_axes int, 3 filler FillerParameter",
    "ClipParameter": "1 min float, 2 max float",
    "ConcatParameter": "1 concat_dim int, 2 axis int",
    "ConvolutionParameter": "1 num_output int, 2 bias_term bool, 3 pad int, 4 kernel_size int, 5 group int,"
    f"6 stride int, 7 {_FILLERS.format(8)}, 9 pad_h int, 10 pad_w int, 11 kernel_h int, 12 kernel_w int,"
    "13 stride_h int, 14 stride_w int, 15 engine Engine, 16 axis int, 17 force_nd_im2col bool,"
    "18 dilation int",
    "DataParameter": f"1 source string, {_DATA}, 4 batch_size int, 7 rand_skip int, 8 backend DB,"
    "9 force_encoded_color bool, 10 prefetch int",
    "DropoutParameter": "1 dropout_ratio float",
    "DummyDataParameter": "1 data_filler FillerParameter, 2 num int, 3 channels int, 4 height int,"
    "5 width int, 6 shape BlobShape",
    "EltwiseParameter": "1 operation EltwiseOp, 2 coeff float, 3 stable_prod_grad bool",
    "ELUParameter": "1 alpha float",
    "FlattenParameter": "1 axis int, 2 end_axis int",
    "HDF5DataParameter": "1 source string, 2 batch_size int, 3 shuffle bool",
    "ImageDataParameter": f"1 source string, {_DATA}, 4 batch_size int, 7 rand_skip int, 8 shuffle bool,"
    "9 new_height int, 10 new_width int, 11 is_color bool, 12 root_folder string",
    "InnerProductParameter": f"1 num_output int, 2 bias_term bool, 3 {_FILLERS.format(4)}, 5 axis int,"
    "6 transpose bool",
    "InputParameter": "1 shape BlobShape",
    "LRNParameter": "1 local_size int, 2 alpha float, 3 beta float, 4 norm_region NormRegion, 5 k float,"
    "6 engine Engine",
    "MemoryDataParameter": "1 batch_size int, 2 channels int, 3 height int, 4 width int",
    "PoolingParameter": "1 pool PoolMethod, 2 kernel_size int, 3 stride int, 4 pad int, 5 kernel_h int,"
    "6 kernel_w int, 7 stride_h int, 8 stride_w int, 9 pad_h int, 10 pad_w int, 11 engine Engine,"
    "12 global_pooling bool, 13 round_mode RoundMode",
    "PowerParameter": "1 power float, 2 scale float, 3 shift float",
    "ReLUParameter": "1 negative_slope float, 2 engine Engine",
    "ReshapeParameter": "1 shape BlobShape, 2 axis int, 3 num_axes int",
    "ScaleParameter": "1 axis int, 2 num_axes int, 3 filler FillerParameter, 4 bias_term bool,"
    "5 bias_filler FillerParameter",
    "SigmoidParameter": "1 engine Engine",
    "SliceParameter": "1 slice_dim int, 2 slice_point int, 3 axis int",
    "SoftmaxParameter": "1 engine Engine, 2 axis int",
    "SwishParameter": "1 beta float",
    "TanHParameter": "1 engine Engine",
    "WindowDataParameter": f"1 source string, {_DATA}, 4 batch_size int,"
    "7 fg_threshold float, 8 bg_threshold float, 9 fg_fraction float, 10 context_pad int,"
    "11 crop_mode string, 12 cache_images bool, 13 root_folder string",
    "SolverParameter": "1 train_net string, 2 test_net string, 3 test_iter int, 4 test_interval int,"
    "5 base_lr float, 6 display int, 7 max_iter int, 8 lr_policy string, 9 gamma float, 10 power float,"
    "11 momentum float, 12 weight_decay float, 13 stepsize int, 14 snapshot int, 15 snapshot_prefix string,"
    "16 snapshot_diff bool, 17 solver_mode SolverMode, 18 device_id int, 19 test_compute_loss bool,"
    "20 random_seed int, 21 train_net_param NetParameter, 22 test_net_param NetParameter,"
    "23 debug_info bool, 24 net string, 25 net_param NetParameter, 26 train_state NetState,"
    "27 test_state NetState, 28 snapshot_after_train bool, 29 regularization_type string,"
    "30 solver_type SolverType, 31 delta float, 32 test_initialization bool, 33 average_loss int,"
    "34 stepvalue int, 35 clip_gradients float, 36 iter_size int, 37 snapshot_format SnapshotFormat,"
    "38 rms_decay float, 39 momentum2 float, 40 type string, 41 layer_wise_reduce bool, 42 weights string",
}


def _fields(text: str) -> dict[str, Field]:
    entries = (entry.split() for entry in text.split(","))
    return {name: Field(int(number), kind) for number, name, kind in entries}


MESSAGES: dict[str, dict[str, Field]] = {name: _fields(text) for name, text in _MESSAGES.items()}
BY_NUMBER: dict[str, dict[int, tuple[str, str]]] = {
    message: {field.number: (name, field.type) for name, field in fields.items()}
    for message, fields in MESSAGES.items()
}
