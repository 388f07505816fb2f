"""Networks as their authors write them in PyTorch, in as few lines as that takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812  (everybody's name for it)


class LeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x: Any) -> Any:
        x = F.max_pool2d(torch.tanh(self.conv1(x)), 2)
        x = F.max_pool2d(torch.tanh(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x)))))


class AlexNet(nn.Module):
    """torchvision's."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(inplace=True)),
            *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(inplace=True)),
            *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            *(nn.Dropout(0.5), nn.Linear(9216, 4096), nn.ReLU(inplace=True)),
            *(nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(inplace=True), nn.Linear(4096, 1000)),
        )

    def forward(self, x: Any) -> Any:
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class Normalized(nn.Module):
    """AlexNet's first layers with response normalization, on images of 32 x 32."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(3, 16, 5, 2), nn.LocalResponseNorm(5, 1e-4, 0.75, 2.0)
        self.pool1, self.fc = nn.MaxPool2d(3, 2, ceil_mode=True), nn.Linear(16 * 49, 10)

    def forward(self, x: Any) -> Any:
        return self.fc(self.pool1(self.norm1(F.relu(self.conv1(x)))).flatten(1))


class Residual(nn.Module):
    """He et al. 2015: two 3x3 convolutions, or a bottleneck, `groups` of them apart as in Xie et al. 2016."""

    def __init__(
        self, channels: int, width: int, out: int, stride: int, groups: int = 1, *, bottleneck: bool = False
    ) -> None:
        super().__init__()
        if bottleneck:
            self.conv1, self.conv3 = (
                nn.Conv2d(channels, width, 1, bias=False),
                nn.Conv2d(width, out, 1, bias=False),
            )
            self.conv2 = nn.Conv2d(width, width, 3, stride, 1, groups=groups, bias=False)
            self.bn2, self.bn3 = nn.BatchNorm2d(width), nn.BatchNorm2d(out)
        else:
            self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
            self.conv2 = nn.Conv2d(width, out, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(out)
        self.bottleneck = bottleneck
        self.bn1, self.relu = nn.BatchNorm2d(width), nn.ReLU(inplace=True)
        self.downsample: nn.Module | None = None
        if stride > 1 or channels != out:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)
            )

    def forward(self, x: Any) -> Any:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        if self.bottleneck:
            y = self.bn3(self.conv3(self.relu(y)))
        y += x if self.downsample is None else self.downsample(x)
        return self.relu(y)


class ResNet(nn.Module):
    def __init__(
        self, depths: list[int], groups: int = 1, width: int = 64, *, bottleneck: bool = False
    ) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        self.relu, self.maxpool = nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        channels = 64
        for index, depth in enumerate(depths):
            own, out = width * groups * 2**index, 64 * 2**index * (4 if bottleneck else 1)
            own = own if bottleneck else out
            blocks = []
            for place in range(depth):
                stride = 2 if index and not place else 1
                blocks.append(Residual(channels, own, out, stride, groups, bottleneck=bottleneck))
                channels = out
            setattr(self, f"layer{index + 1}", nn.Sequential(*blocks))
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d((1, 1)), nn.Linear(channels, 1000)

    def forward(self, x: Any) -> Any:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for index in range(1, 5):
            x = getattr(self, f"layer{index}")(x)
        return self.fc(torch.flatten(self.avgpool(x), 1))


class Fire(nn.Module):
    """Iandola et al. 2016."""

    def __init__(self, channels: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeeze, 1)
        self.expand1x1, self.expand3x3 = (
            nn.Conv2d(squeeze, expand, 1),
            nn.Conv2d(squeeze, expand, 3, padding=1),
        )

    def forward(self, x: Any) -> Any:
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


class SqueezeNet(nn.Module):
    """Version 1.0."""

    def __init__(self) -> None:
        super().__init__()

        def pool() -> nn.Module:
            return nn.MaxPool2d(3, 2, ceil_mode=True)

        self.features = nn.Sequential(
            *(nn.Conv2d(3, 96, 7, 2), nn.ReLU(inplace=True), pool()),
            *(Fire(96, 16, 64), Fire(128, 16, 64), Fire(128, 32, 128), pool()),
            *(Fire(256, 32, 128), Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), pool()),
            Fire(512, 64, 256),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(0.5), nn.Conv2d(512, 1000, 1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1))
        )

    def forward(self, x: Any) -> Any:
        return torch.flatten(self.classifier(self.features(x)), 1)


def conv_bn(
    channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1, act: Any = nn.ReLU6
) -> nn.Module:
    parts: list[nn.Module] = [
        nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out),
    ]
    return nn.Sequential(*parts, *([act(inplace=True)] if act else []))


class Gate(nn.Module):
    """Squeeze and excitation: Hu et al. 2018."""

    def __init__(self, channels: int, inner: int, act: Any, gate: Any) -> None:
        super().__init__()
        self.avgpool, self.act, self.gate = nn.AdaptiveAvgPool2d(1), act(), gate()
        self.fc1, self.fc2 = nn.Conv2d(channels, inner, 1), nn.Conv2d(inner, channels, 1)

    def forward(self, x: Any) -> Any:
        return self.gate(self.fc2(self.act(self.fc1(self.avgpool(x))))) * x


class Inverted(nn.Module):
    """Sandler et al. 2018, and with a gate Howard et al. 2019, Tan and Le 2019."""

    def __init__(
        self, channels: int, out: int, stride: int, wide: int, kernel: int, act: Any, gate: nn.Module | None
    ) -> None:
        super().__init__()
        parts: list[nn.Module] = [] if wide == channels else [conv_bn(channels, wide, 1, act=act)]
        parts.append(conv_bn(wide, wide, kernel, stride, wide, act=act))
        parts += [gate] if gate is not None else []
        self.block = nn.Sequential(*parts, conv_bn(wide, out, 1, act=None))
        self.shortcut = stride == 1 and channels == out

    def forward(self, x: Any) -> Any:
        return x + self.block(x) if self.shortcut else self.block(x)


class MobileNetV2(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        table = [
            (1, 16, 1, 1),
            (6, 24, 2, 2),
            (6, 32, 3, 2),
            (6, 64, 4, 2),
            (6, 96, 3, 1),
            (6, 160, 3, 2),
            (6, 320, 1, 1),
        ]
        parts, channels = [conv_bn(3, 32, 3, 2)], 32
        for factor, out, count, first in table:
            for place in range(count):
                stride = first if not place else 1
                parts.append(Inverted(channels, out, stride, channels * factor, 3, nn.ReLU6, None))
                channels = out
        self.features = nn.Sequential(*parts, conv_bn(channels, 1280, 1))
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, 1000))

    def forward(self, x: Any) -> Any:
        return self.classifier(self.features(x).mean([2, 3]))


class EfficientNetB0(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        table = [
            *((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3)),
            *((6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)),
        ]
        parts, channels = [conv_bn(3, 32, 3, 2, act=nn.SiLU)], 32
        for factor, out, count, first, kernel in table:
            for place in range(count):
                wide = channels * factor
                gate = Gate(wide, max(1, channels // 4), nn.SiLU, nn.Sigmoid)
                parts.append(Inverted(channels, out, first if not place else 1, wide, kernel, nn.SiLU, gate))
                channels = out
        self.features = nn.Sequential(*parts, conv_bn(channels, 1280, 1, act=nn.SiLU))
        self.avgpool, self.classifier = (
            nn.AdaptiveAvgPool2d(1),
            nn.Sequential(nn.Dropout(0.2), nn.Linear(1280, 1000)),
        )

    def forward(self, x: Any) -> Any:
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class MobileNetV3Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        relu, swish = nn.ReLU, nn.Hardswish
        table = [
            *((16, 16, True, relu, 2, 3), (72, 24, False, relu, 2, 3), (88, 24, False, relu, 1, 3)),
            *((96, 40, True, swish, 2, 5), (240, 40, True, swish, 1, 5), (240, 40, True, swish, 1, 5)),
            *((120, 48, True, swish, 1, 5), (144, 48, True, swish, 1, 5), (288, 96, True, swish, 2, 5)),
            *((576, 96, True, swish, 1, 5), (576, 96, True, swish, 1, 5)),
        ]
        parts, channels = [conv_bn(3, 16, 3, 2, act=swish)], 16
        for wide, out, gated, act, stride, kernel in table:
            inner = max(8, (wide // 4 + 4) // 8 * 8)
            inner += 8 if inner < 0.9 * (wide // 4) else 0
            gate = Gate(wide, inner, nn.ReLU, nn.Hardsigmoid) if gated else None
            parts.append(Inverted(channels, out, stride, wide, kernel, act, gate))
            channels = out
        self.features = nn.Sequential(*parts, conv_bn(96, 576, 1, act=swish))
        self.classifier = nn.Sequential(
            nn.Linear(576, 1024), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(1024, 1000)
        )

    def forward(self, x: Any) -> Any:
        return self.classifier(F.adaptive_avg_pool2d(self.features(x), 1).flatten(1))


class Dense(nn.Module):
    """Huang et al. 2017: what a layer makes joins what it read."""

    def __init__(self, channels: int, growth: int = 32) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(channels), nn.Conv2d(channels, 4 * growth, 1, bias=False)
        self.norm2, self.conv2 = (
            nn.BatchNorm2d(4 * growth),
            nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False),
        )

    def forward(self, x: Any) -> Any:
        y = self.conv1(F.relu(self.norm1(x)))
        return torch.cat([x, self.conv2(F.relu(self.norm2(y)))], 1)


class DenseNet121(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        parts: list[nn.Module] = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
        parts.append(nn.MaxPool2d(3, 2, 1))
        channels = 64
        for index, depth in enumerate((6, 12, 24, 16)):
            if index:
                parts += [
                    nn.BatchNorm2d(channels),
                    nn.ReLU(),
                    nn.Conv2d(channels, channels // 2, 1, bias=False),
                ]
                parts.append(nn.AvgPool2d(2, 2))
                channels //= 2
            for _ in range(depth):
                parts.append(Dense(channels))
                channels += 32
        self.features, self.norm5 = nn.Sequential(*parts), nn.BatchNorm2d(channels)
        self.classifier = nn.Linear(channels, 1000)

    def forward(self, x: Any) -> Any:
        x = F.relu(self.norm5(self.features(x)), inplace=True)
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(x, (1, 1)), 1))


class Shuffle(nn.Module):
    """Ma et al. 2018, figure 3."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        half = out // 2
        self.stride = stride
        own = channels if stride > 1 else half
        self.branch1 = nn.Sequential()
        if stride > 1:
            self.branch1 = nn.Sequential(
                conv_bn(own, own, 3, 2, own, act=None), conv_bn(own, half, 1, act=nn.ReLU)
            )
        self.branch2 = nn.Sequential(
            conv_bn(own, half, 1, act=nn.ReLU),
            conv_bn(half, half, 3, stride, half, act=None),
            conv_bn(half, half, 1, act=nn.ReLU),
        )

    def forward(self, x: Any) -> Any:
        if self.stride > 1:
            out = torch.cat((self.branch1(x), self.branch2(x)), 1)
        else:
            kept, changed = x.chunk(2, dim=1)
            out = torch.cat((kept, self.branch2(changed)), 1)
        count, channels, height, width = out.size()
        out = out.view(count, 2, channels // 2, height, width).transpose(1, 2).contiguous()
        return out.view(count, channels, height, width)


class ShuffleNetV2(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.maxpool = conv_bn(3, 24, 3, 2, act=nn.ReLU), nn.MaxPool2d(3, 2, 1)
        parts, channels = [], 24
        for out, count in ((116, 4), (232, 8), (464, 4)):
            parts += [Shuffle(channels if not i else out, out, 1 if i else 2) for i in range(count)]
            channels = out
        self.stages, self.conv5 = nn.Sequential(*parts), conv_bn(464, 1024, 1, act=nn.ReLU)
        self.fc = nn.Linear(1024, 1000)

    def forward(self, x: Any) -> Any:
        return self.fc(self.conv5(self.stages(self.maxpool(self.conv1(x)))).mean([2, 3]))


class VGG11(nn.Module):
    """Simonyan and Zisserman 2015, with batch normalization and a small head."""

    def __init__(self) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        channels = 3
        for out in (64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0):
            if out:
                parts += [nn.Conv2d(channels, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU(inplace=True)]
                channels = out
            else:
                parts.append(nn.MaxPool2d(2, 2))
        self.features, self.avgpool = nn.Sequential(*parts), nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(nn.Linear(25088, 64), nn.ReLU(True), nn.Dropout(), nn.Linear(64, 10))

    def forward(self, x: Any) -> Any:
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class Inception(nn.Module):
    """Szegedy et al. 2015, figure 2b."""

    def __init__(
        self, channels: int, one: int, three: tuple[int, int], five: tuple[int, int], pool: int
    ) -> None:
        super().__init__()

        def conv(read: int, out: int, kernel: int) -> nn.Module:
            return nn.Sequential(nn.Conv2d(read, out, kernel, padding=kernel // 2), nn.ReLU(inplace=True))

        self.branch1 = conv(channels, one, 1)
        self.branch2 = nn.Sequential(conv(channels, three[0], 1), conv(three[0], three[1], 3))
        self.branch3 = nn.Sequential(conv(channels, five[0], 1), conv(five[0], five[1], 5))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(channels, pool, 1))

    def forward(self, x: Any) -> Any:
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class GoogLeNet(nn.Module):
    """The paper's table 1, without the auxiliary heads."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 64, 7, 2, 3), nn.Conv2d(64, 64, 1)
        self.conv3, self.norm = nn.Conv2d(64, 192, 3, padding=1), nn.LocalResponseNorm(5)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.inception3 = nn.Sequential(
            Inception(192, 64, (96, 128), (16, 32), 32), Inception(256, 128, (128, 192), (32, 96), 64)
        )
        self.inception4 = nn.Sequential(
            *(Inception(480, 192, (96, 208), (16, 48), 64), Inception(512, 160, (112, 224), (24, 64), 64)),
            *(Inception(512, 128, (128, 256), (24, 64), 64), Inception(512, 112, (144, 288), (32, 64), 64)),
            Inception(528, 256, (160, 320), (32, 128), 128),
        )
        self.inception5 = nn.Sequential(
            Inception(832, 256, (160, 320), (32, 128), 128), Inception(832, 384, (192, 384), (48, 128), 128)
        )
        self.dropout, self.fc = nn.Dropout(0.4), nn.Linear(1024, 1000)

    def forward(self, x: Any) -> Any:
        x = self.norm(self.pool(F.relu(self.conv1(x))))
        x = self.pool(self.norm(F.relu(self.conv3(F.relu(self.conv2(x))))))
        x = self.inception5(self.pool(self.inception4(self.pool(self.inception3(x)))))
        return self.fc(self.dropout(F.avg_pool2d(x, 7).flatten(1)))


class ConvNext(nn.Module):
    """Liu et al. 2022, figure 4, without stochastic depth."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv, self.norm = (
            nn.Conv2d(channels, channels, 7, padding=3, groups=channels),
            nn.LayerNorm(channels, 1e-6),
        )
        self.pwconv1, self.pwconv2 = (
            nn.Conv2d(channels, 4 * channels, 1),
            nn.Conv2d(4 * channels, channels, 1),
        )
        self.gamma = nn.Parameter(torch.full((channels, 1, 1), 1e-6))

    def forward(self, x: Any) -> Any:
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return x + self.gamma * self.pwconv2(F.gelu(self.pwconv1(y)))


class NetworkInNetwork(nn.Module):
    """Lin et al. 2014."""

    def __init__(self) -> None:
        super().__init__()

        def mlp(channels: int, out: tuple[int, int, int], kernel: int) -> list[nn.Module]:
            layers = [nn.Conv2d(channels, out[0], kernel, padding=kernel // 2), nn.Conv2d(out[0], out[1], 1)]
            layers.append(nn.Conv2d(out[1], out[2], 1))
            return [part for layer in layers for part in (layer, nn.ReLU())]

        self.net = nn.Sequential(
            *(*mlp(3, (192, 160, 96), 5), nn.MaxPool2d(3, 2, ceil_mode=True), nn.Dropout(0.5)),
            *(*mlp(96, (192, 192, 192), 5), nn.AvgPool2d(3, 2, 1), nn.Dropout(0.5)),
            *(*mlp(192, (192, 192, 10), 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Softmax(dim=1)),
        )

    def forward(self, x: Any) -> Any:
        return self.net(x)


class Odds(nn.Module):
    """What else is written: zeros in front, scales, slices, functions with numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.pad, self.conv = nn.ZeroPad2d((1, 2, 0, 1)), nn.Conv2d(3, 12, 3, stride=2, padding="valid")
        self.same, self.gain = (
            nn.Conv2d(12, 12, 3, padding="same", dilation=2),
            nn.Parameter(torch.rand(12, 1, 1)),
        )
        self.leaky, self.elu, self.soft = nn.LeakyReLU(0.2), nn.ELU(0.7), nn.Softplus()
        self.shuffle, self.fc = nn.ChannelShuffle(3), nn.Linear(8, 4)

    def forward(self, x: Any) -> Any:
        x = self.conv(self.pad((x - 0.5) / 0.25))
        x = self.leaky(self.same(x)) * self.gain + 0.1
        x = self.shuffle(x)
        one, two, three = x.split([4, 4, 4], dim=1)
        x = torch.cat([self.elu(one) + self.soft(two), F.hardtanh(three, 0.0, 6.0)], dim=1)
        x = x[:, :, 1:-1, 1:-1]
        return self.fc(F.gelu(x, approximate="tanh").amax((2, 3)))


MODELS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...], int]] = {
    "lenet": (LeNet, (1, 28, 28), 61_706),
    "alexnet": (AlexNet, (3, 224, 224), 61_100_840),
    "normalized": (Normalized, (3, 32, 32), 0),
    "resnet18": (lambda: ResNet([2, 2, 2, 2]), (3, 64, 64), 11_689_512),
    "resnet34": (lambda: ResNet([3, 4, 6, 3]), (3, 64, 64), 21_797_672),
    "resnet50": (lambda: ResNet([3, 4, 6, 3], bottleneck=True), (3, 64, 64), 25_557_032),
    "resnext50": (lambda: ResNet([3, 4, 6, 3], 32, 4, bottleneck=True), (3, 64, 64), 25_028_904),
    "squeezenet1_0": (SqueezeNet, (3, 64, 64), 1_248_424),
    "mobilenet_v2": (MobileNetV2, (3, 64, 64), 3_504_872),
    "mobilenet_v3_small": (MobileNetV3Small, (3, 64, 64), 2_542_856),
    "efficientnet_b0": (EfficientNetB0, (3, 64, 64), 5_288_548),
    "densenet121": (DenseNet121, (3, 64, 64), 7_978_856),
    "shufflenet_v2": (ShuffleNetV2, (3, 64, 64), 2_278_604),
    "googlenet": (GoogLeNet, (3, 224, 224), 6_998_552),
    "vgg11": (VGG11, (3, 224, 224), 0),
    "network_in_network": (NetworkInNetwork, (3, 32, 32), 0),
    "convnext": (
        lambda: nn.Sequential(nn.Conv2d(3, 24, 4, 4), ConvNext(24), ConvNext(24)),
        (3, 32, 32),
        0,
    ),
    "odds": (Odds, (3, 16, 16), 0),
}
"""Models with the images that they read and their parameters: those that torchvision publishes, LeNet's by
hand and BVLC's of GoogLeNet; 0 where nobody has published any."""
