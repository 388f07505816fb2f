"""AlexNet, ResNet-18 and VGG-16 as PyTorch users write them by hand."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LRN(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.local_response_norm(x, 5, alpha=5e-4, beta=0.75, k=2.0)


def alexnet() -> nn.Module:
    """Krizhevsky et al. 2012 in one column, its two towers as grouped convolutions."""
    return nn.Sequential(
        nn.Conv2d(3, 96, 11, stride=4, padding=2),
        nn.ReLU(inplace=True),
        LRN(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(96, 256, 5, padding=2, groups=2),
        nn.ReLU(inplace=True),
        LRN(),
        nn.MaxPool2d(3, 2),
        nn.Conv2d(256, 384, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(384, 384, 3, padding=1, groups=2),
        nn.ReLU(inplace=True),
        nn.Conv2d(384, 256, 3, padding=1, groups=2),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2),
        nn.Flatten(),
        nn.Linear(9216, 4096),
        nn.ReLU(inplace=True),
        nn.Dropout(),
        nn.Linear(4096, 4096),
        nn.ReLU(inplace=True),
        nn.Dropout(),
        nn.Linear(4096, 1000),
    )


class Block(nn.Module):
    """A basic residual block (He et al. 2016, figure 5 left)."""

    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != filters:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, filters, 1, stride, bias=False), nn.BatchNorm2d(filters)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


def resnet18() -> nn.Module:
    blocks: list[nn.Module] = []
    channels = 64
    for filters, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        blocks += [Block(channels, filters, stride), Block(filters, filters, 1)]
        channels = filters
    return nn.Sequential(
        nn.Conv2d(3, 64, 7, 2, 3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
        *blocks,
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(512, 1000),
    )


def vgg16() -> nn.Module:
    layers: list[nn.Module] = []
    channels = 3
    for count, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(count):
            layers += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(inplace=True)]
            channels = filters
        layers.append(nn.MaxPool2d(2))
    dense = [(25088, 4096), (4096, 4096)]
    head = [part for a, b in dense for part in (nn.Linear(a, b), nn.ReLU(inplace=True), nn.Dropout())]
    return nn.Sequential(*layers, nn.Flatten(), *head, nn.Linear(4096, 1000))


NETWORKS = {"alexnet": alexnet, "resnet18": resnet18, "vgg16": vgg16}
