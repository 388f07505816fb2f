"""Nets of Caffe, written after the papers and the sizes that their models are known to have."""

from __future__ import annotations

from collections.abc import Sequence

MULTIPLIERS = "param { lr_mult: 1 decay_mult: 1 } param { lr_mult: 2 decay_mult: 0 }"
GAUSSIAN = 'weight_filler {{ type: "gaussian" std: {} }} bias_filler {{ type: "constant" value: {} }}'


def layer(kind: str, name: str, bottom: str | Sequence[str], top: str = "", options: str = "") -> str:
    """One layer; its top is its name unless another one is given."""
    bottoms = [bottom] if isinstance(bottom, str) else bottom
    read = " ".join(f'bottom: "{each}"' for each in bottoms)
    return f'layer {{ name: "{name}" type: "{kind}" {read} top: "{top or name}" {options} }}\n'


def place(kind: str, name: str, blob: str, options: str = "") -> str:
    """A layer in place."""
    return layer(kind, name, blob, blob, options)


def data(phase: str, batch: int, transform: str) -> str:
    return (
        f'layer {{ name: "data" type: "Data" top: "data" top: "label" include {{ phase: {phase} }}\n'
        f"  transform_param {{ {transform} }}\n"
        f'  data_param {{ source: "images_{phase.lower()}" batch_size: {batch} backend: LMDB }} }}\n'
    )


def both(batch: int, transform: str, mirror: str = "mirror: true") -> str:
    """The images of training, and those of testing."""
    return data("TRAIN", batch, f"{mirror} {transform}") + data("TEST", 50, transform)


def given(*sizes: int, name: str = "data") -> str:
    dims = " ".join(f"dim: {size}" for size in sizes)
    return f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ {dims} }} }} }}\n'


def losses(logits: str) -> str:
    accuracy = layer("Accuracy", "accuracy", [logits, "label"], options="include { phase: TEST }")
    return accuracy + layer("SoftmaxWithLoss", "loss", [logits, "label"])


def conv(name: str, bottom: str, options: str, filler: str = "", then: str = "relu") -> str:
    made = layer(
        "Convolution", name, bottom, options=f"{MULTIPLIERS} convolution_param {{ {options} {filler} }}"
    )
    return made + (place("ReLU", f"{then}{name[-1]}", name) if then else "")


def dense(name: str, bottom: str, units: int, filler: str = "") -> str:
    options = f"{MULTIPLIERS} inner_product_param {{ num_output: {units} {filler} }}"
    return layer("InnerProduct", name, bottom, options=options)


def pool(name: str, bottom: str, options: str) -> str:
    return layer("Pooling", name, bottom, options=f"pooling_param {{ {options} }}")


def lrn(name: str, bottom: str, options: str = "local_size: 5 alpha: 0.0001 beta: 0.75") -> str:
    return layer("LRN", name, bottom, options=f"lrn_param {{ {options} }}")


def alexnet(*, norm_first: bool = True, deploy: bool = False) -> str:
    """AlexNet as Caffe has it, normalizing before the pools; CaffeNet does so behind them."""

    def fill(std: float, bias: float) -> str:
        return "" if deploy else GAUSSIAN.format(std, bias)

    def around(number: int, bottom: str) -> str:
        if norm_first:
            made = lrn(f"norm{number}", bottom)
            return made + pool(f"pool{number}", f"norm{number}", "pool: MAX kernel_size: 3 stride: 2")
        made = pool(f"pool{number}", bottom, "pool: MAX kernel_size: 3 stride: 2")
        return made + lrn(f"norm{number}", f"pool{number}")

    end = "pool" if norm_first else "norm"
    text = 'name: "AlexNet"\n' if norm_first else 'name: "CaffeNet"\n'
    text += given(10, 3, 227, 227) if deploy else both(256, 'crop_size: 227 mean_file: "mean.binaryproto"')
    text += conv("conv1", "data", "num_output: 96 kernel_size: 11 stride: 4", fill(0.01, 0))
    text += around(1, "conv1")
    text += conv("conv2", f"{end}1", "num_output: 256 pad: 2 kernel_size: 5 group: 2", fill(0.01, 0.1))
    text += around(2, "conv2")
    text += conv("conv3", f"{end}2", "num_output: 384 pad: 1 kernel_size: 3", fill(0.01, 0))
    text += conv("conv4", "conv3", "num_output: 384 pad: 1 kernel_size: 3 group: 2", fill(0.01, 0.1))
    text += conv("conv5", "conv4", "num_output: 256 pad: 1 kernel_size: 3 group: 2", fill(0.01, 0.1))
    text += pool("pool5", "conv5", "pool: MAX kernel_size: 3 stride: 2")
    for name, bottom in (("fc6", "pool5"), ("fc7", "fc6")):
        text += dense(name, bottom, 4096, fill(0.005, 0.1)) + place("ReLU", f"relu{name[-1]}", name)
        text += place("Dropout", f"drop{name[-1]}", name, "dropout_param { dropout_ratio: 0.5 }")
    text += dense("fc8", "fc7", 1000, fill(0.01, 0))
    return text + (layer("Softmax", "prob", "fc8") if deploy else losses("fc8"))


INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
"""Table 1 of Szegedy et al. 2015: filters of 1x1, reduction and 3x3, reduction and 5x5, behind the pool."""


def googlenet(*, deploy: bool = False) -> str:
    """GoogLeNet, with its auxiliary classifiers unless it is deployed."""
    fill = 'weight_filler { type: "xavier" } bias_filler { type: "constant" value: 0.2 }'

    def unit(name: str, bottom: str, options: str) -> str:
        made = layer(
            "Convolution", name, bottom, options=f"{MULTIPLIERS} convolution_param {{ {options} {fill} }}"
        )
        return made + place("ReLU", f"{name}/relu", name)

    def classifier(number: int, bottom: str) -> str:
        own = f"loss{number}"
        made = pool(f"{own}/pool", bottom, "pool: AVE kernel_size: 5 stride: 3")
        made += unit(f"{own}/conv", f"{own}/pool", "num_output: 128 kernel_size: 1")
        made += dense(f"{own}/fc", f"{own}/conv", 1024, fill) + place("ReLU", f"{own}/relu", f"{own}/fc")
        made += place("Dropout", f"{own}/drop", f"{own}/fc", "dropout_param { dropout_ratio: 0.7 }")
        made += dense(f"{own}/classifier", f"{own}/fc", 1000, fill)
        made += layer(
            "SoftmaxWithLoss", f"{own}/loss", [f"{own}/classifier", "label"], options="loss_weight: 0.3"
        )
        top5 = "include { phase: TEST } accuracy_param { top_k: 5 }"
        return made + layer("Accuracy", f"{own}/top-5", [f"{own}/classifier", "label"], options=top5)

    means = "mean_value: 104 mean_value: 117 mean_value: 123"
    text = 'name: "GoogleNet"\n'
    text += given(10, 3, 224, 224) if deploy else both(32, f"crop_size: 224 {means}")
    text += unit("conv1/7x7", "data", "num_output: 64 pad: 3 kernel_size: 7 stride: 2")
    text += pool("pool1", "conv1/7x7", "kernel_size: 3 stride: 2") + lrn("norm1", "pool1")
    text += unit("conv2/reduce", "norm1", "num_output: 64 kernel_size: 1")
    text += unit("conv2/3x3", "conv2/reduce", "num_output: 192 pad: 1 kernel_size: 3")
    text += lrn("norm2", "conv2/3x3") + pool("pool2", "norm2", "kernel_size: 3 stride: 2")
    at = "pool2"
    for name, (ones, reduced3, threes, reduced5, fives, behind) in INCEPTIONS.items():
        own = f"inception_{name}"
        text += unit(f"{own}/1x1", at, f"num_output: {ones} kernel_size: 1")
        text += unit(f"{own}/3x3_reduce", at, f"num_output: {reduced3} kernel_size: 1")
        text += unit(f"{own}/3x3", f"{own}/3x3_reduce", f"num_output: {threes} pad: 1 kernel_size: 3")
        text += unit(f"{own}/5x5_reduce", at, f"num_output: {reduced5} kernel_size: 1")
        text += unit(f"{own}/5x5", f"{own}/5x5_reduce", f"num_output: {fives} pad: 2 kernel_size: 5")
        text += pool(f"{own}/pool", at, "kernel_size: 3 stride: 1 pad: 1")
        text += unit(f"{own}/pool_proj", f"{own}/pool", f"num_output: {behind} kernel_size: 1")
        ends = [f"{own}/{end}" for end in ("1x1", "3x3", "5x5", "pool_proj")]
        text += layer("Concat", f"{own}/output", ends)
        at = f"{own}/output"
        if name in ("4a", "4d") and not deploy:
            text += classifier(1 if name == "4a" else 2, at)
        if name in ("3b", "4e"):
            text += pool(f"pool{int(name[0])}", at, "kernel_size: 3 stride: 2")
            at = f"pool{int(name[0])}"
    text += pool("pool5", at, "pool: AVE kernel_size: 7 stride: 1")
    text += place("Dropout", "drop", "pool5", "dropout_param { dropout_ratio: 0.4 }")
    text += dense("classifier", "pool5", 1000, fill)
    return text + (layer("Softmax", "prob", "classifier") if deploy else losses("classifier"))


def lenet(*, deploy: bool = False) -> str:
    fill = 'weight_filler { type: "xavier" } bias_filler { type: "constant" }'
    text = 'name: "LeNet"\n' + (given(64, 1, 28, 28) if deploy else both(64, "scale: 0.00390625", ""))
    text += conv("conv1", "data", "num_output: 20 kernel_size: 5", fill, then="")
    text += pool("pool1", "conv1", "pool: MAX kernel_size: 2 stride: 2")
    text += conv("conv2", "pool1", "num_output: 50 kernel_size: 5", fill, then="")
    text += pool("pool2", "conv2", "pool: MAX kernel_size: 2 stride: 2")
    text += dense("ip1", "pool2", 500, fill) + place("ReLU", "relu1", "ip1") + dense("ip2", "ip1", 10, fill)
    return text + (layer("Softmax", "prob", "ip2") if deploy else losses("ip2"))


def cifar(*, full: bool) -> str:
    """Caffe's two networks for CIFAR-10, to deploy."""
    text = f'name: "CIFAR10_{"full" if full else "quick"}"\n'
    text += 'input: "data"\ninput_shape { dim: 1 dim: 3 dim: 32 dim: 32 }\n'
    at = "data"
    for number, (filters, method) in enumerate(((32, "MAX"), (32, "AVE"), (64, "AVE")), start=1):
        name = f"conv{number}"
        options = f"num_output: {filters} pad: 2 kernel_size: 5"
        text += conv(name, at, options, then="" if number == 1 else "relu")
        text += pool(f"pool{number}", name, f"pool: {method} kernel_size: 3 stride: 2")
        text += place("ReLU", "relu1", "pool1") if number == 1 else ""
        at = f"pool{number}"
        if full and number < 3:
            within = "local_size: 3 alpha: 5e-05 beta: 0.75 norm_region: WITHIN_CHANNEL"
            text += lrn(f"norm{number}", at, within)
            at = f"norm{number}"
    text += dense("ip1", at, 10) if full else dense("ip1", at, 64) + dense("ip2", "ip1", 10)
    return text + layer("Softmax", "prob", "ip1" if full else "ip2")


SOLVER = """
net: "train_val.prototxt"
test_iter: 1000 test_interval: 1000
base_lr: 0.01 lr_policy: "step" gamma: 0.1 stepsize: 100000 # a tenth, three times
display: 20 max_iter: 450000 momentum: 0.9 weight_decay: 0.0005
snapshot: 10000 snapshot_prefix: "alexnet" solver_mode: GPU
"""
