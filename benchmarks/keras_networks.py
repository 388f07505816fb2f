"""AlexNet in two towers and with grouped convolutions, ResNet-18 and VGG-16 as Keras users write them."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import layers

Value = Any


def lrn(x: Value) -> Value:
    normalize = layers.Lambda(
        lambda v: tf.nn.local_response_normalization(v, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)
    )
    return normalize(x)


def conv(x: Value, filters: int, kernel: int, **options: Any) -> Value:
    return layers.Conv2D(filters, kernel, padding="same", activation="relu", **options)(x)


def pool(x: Value) -> Value:
    return layers.MaxPooling2D(3, 2)(x)


def head(towers: list[Value]) -> Value:
    """The dense layers, in as many towers as come in."""
    join = layers.Concatenate() if len(towers) > 1 else None
    towers = [layers.Flatten()(tower) for tower in towers]
    for _ in range(2):
        read = join(towers) if join else towers[0]
        towers = [layers.Dense(4096 // len(towers), activation="relu")(read) for _ in towers]
        towers = [layers.Dropout(0.5)(tower) for tower in towers]
    return layers.Dense(1000)(layers.Concatenate()(towers) if len(towers) > 1 else towers[0])


def alexnet() -> keras.Model:
    """Two towers that meet before conv3 and the dense layers."""
    image = keras.Input((224, 224, 3))
    padded = layers.ZeroPadding2D(((0, 3), (0, 3)))(image)
    towers = []
    for _ in range(2):
        tower = layers.Conv2D(48, 11, strides=4, activation="relu")(padded)
        tower = pool(lrn(tower))
        towers.append(pool(lrn(conv(tower, 128, 5))))
    both = layers.Concatenate()(towers)
    towers = [pool(conv(conv(conv(both, 192, 3), 192, 3), 128, 3)) for _ in range(2)]
    return keras.Model(image, head(towers))


def alexnet_groups() -> keras.Model:
    """One column with `groups=2` where the towers do not meet."""
    image = keras.Input((224, 224, 3))
    x = layers.ZeroPadding2D(((0, 3), (0, 3)))(image)
    x = pool(lrn(layers.Conv2D(96, 11, strides=4, activation="relu")(x)))
    x = pool(lrn(conv(x, 256, 5, groups=2)))
    x = conv(conv(conv(x, 384, 3), 384, 3, groups=2), 256, 3, groups=2)
    return keras.Model(image, head([pool(x)]))


def normalized(x: Value, filters: int, kernel: int, stride: int, *, relu: bool) -> Value:
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    return layers.ReLU()(x) if relu else x


def resnet18() -> keras.Model:
    image = keras.Input((224, 224, 3))
    x = normalized(image, 64, 7, 2, relu=True)
    x = layers.MaxPooling2D(3, 2, padding="same")(x)
    channels = 64
    for filters, first in ((64, 1), (128, 2), (256, 2), (512, 2)):
        for stride in (first, 1):
            short = x
            if stride != 1 or channels != filters:
                short = normalized(x, filters, 1, stride, relu=False)
            out = normalized(normalized(x, filters, 3, stride, relu=True), filters, 3, 1, relu=False)
            x = layers.ReLU()(layers.Add()([out, short]))
            channels = filters
    return keras.Model(image, layers.Dense(1000)(layers.GlobalAveragePooling2D()(x)))


def vgg16() -> keras.Model:
    image = x = keras.Input((224, 224, 3))
    for count, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(count):
            x = conv(x, filters, 3)
        x = layers.MaxPooling2D(2)(x)
    return keras.Model(image, head([x]))


NETWORKS = {"alexnet": alexnet, "alexnet-groups": alexnet_groups, "resnet18": resnet18, "vgg16": vgg16}
