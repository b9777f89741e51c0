"""Networks small enough to follow a proxy by hand, and ones of other kinds than convolutional."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


def convolutional(classes=3, *, inplace=True):
    """Two convolutions with BatchNorm and ReLU, for images of 3 channels."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=inplace),
        nn.Conv2d(4, 5, 3, padding=1, bias=False),
        nn.BatchNorm2d(5),
        nn.ReLU(inplace=inplace),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(5, classes),
    )


class Residual(nn.Module):
    """A block that keeps its resolution, or halves it."""

    def __init__(self, channels, stride=1):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, stride, 1, bias=False), nn.BatchNorm2d(channels), nn.ReLU()
        )
        self.stride = stride

    def forward(self, x):
        return self.body(x) + (x if self.stride == 1 else functional.avg_pool2d(x, 2))


def residual(strides=(1, 2, 1), channels=6):
    """A stem, residual blocks and a head, by functional calls in the last part."""
    return nn.Sequential(
        nn.Conv2d(3, channels, 3, padding=1),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Sequential(*(Residual(channels, stride) for stride in strides)),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(channels, 4),
    )


class Attention(nn.Module):
    """Patches, two transformer layers, and a mean over tokens: LayerNorm, GELU, dropout, no BatchNorm."""

    def __init__(self, width=8):
        super().__init__()
        self.patches = nn.Conv2d(3, width, 4, 4)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 2, 16, activation="gelu", batch_first=True) for _ in range(2)
        )
        self.head = nn.Linear(width, 3)

    def forward(self, images):
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        for layer in self.layers:
            tokens = layer(tokens)
        return self.head(tokens.mean(1))


class Language(nn.Module):
    """Next-token logits for whole numbers."""

    def __init__(self, tokens=7, width=6):
        super().__init__()
        self.embedding = nn.Embedding(tokens, width)
        self.layers = nn.Sequential(nn.Linear(width, 9), nn.GELU(), nn.LayerNorm(9), nn.Linear(9, tokens))

    def forward(self, tokens):
        return self.layers(self.embedding(tokens))


def images(count=8, size=8, seed=0):
    """Normal images."""
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(seed))
