"""Well-known architectures as plain PyTorch modules, in the layers and sizes of their papers."""

from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812 (PyTorch's own name for it)
from architecture import Architecture, images, tokens
from torch import nn


def conv_bn(inputs, outputs, kernel=3, stride=1, groups=1, act=nn.ReLU):
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)]
    layers.append(nn.BatchNorm2d(outputs))
    return nn.Sequential(*layers, *([act()] if act else []))


class VGG16(nn.Sequential):
    def __init__(self, batch_norm, width=64, classes=1000, hidden=4096):
        layers, inputs = [], 3
        for stage, count in enumerate([2, 2, 3, 3, 3]):
            outputs = width * min(2**stage, 8)
            for _ in range(count):
                layers.append(nn.Conv2d(inputs, outputs, 3, padding=1))
                layers += [nn.BatchNorm2d(outputs)] if batch_norm else []
                layers.append(nn.ReLU(inplace=True))
                inputs = outputs
            layers.append(nn.MaxPool2d(2))
        layers += [nn.AdaptiveAvgPool2d(7), nn.Flatten(), nn.Linear(inputs * 49, hidden), nn.ReLU(), nn.Dropout()]
        super().__init__(*layers, nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(), nn.Linear(hidden, classes))


class AlexNet(nn.Sequential):
    def __init__(self, width=64, hidden=4096):
        w = width
        super().__init__(
            *(nn.Conv2d(3, w, 11, 4, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(w, 3 * w, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(3 * w, 6 * w, 3, padding=1), nn.ReLU(inplace=True)),
            *(nn.Conv2d(6 * w, 4 * w, 3, padding=1), nn.ReLU(inplace=True)),
            *(nn.Conv2d(4 * w, 4 * w, 3, padding=1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(6), nn.Flatten()),
            *(nn.Dropout(), nn.Linear(4 * w * 36, hidden), nn.ReLU(inplace=True)),
            *(nn.Dropout(), nn.Linear(hidden, hidden), nn.ReLU(inplace=True), nn.Linear(hidden, 1000)),
        )


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.one, self.two = conv_bn(inputs, width, 1), conv_bn(width, width, 3, stride)
        self.three = conv_bn(width, 4 * width, 1, act=None)
        self.shortcut = (
            conv_bn(inputs, 4 * width, 1, stride, act=None) if stride > 1 or inputs != 4 * width else nn.Identity()
        )

    def forward(self, x):
        return F.relu(self.three(self.two(self.one(x))) + self.shortcut(x))


class ResNet50(nn.Sequential):
    def __init__(self, width=64, depths=(3, 4, 6, 3)):
        layers, inputs = [conv_bn(3, width, 7, 2), nn.MaxPool2d(3, 2, 1)], width
        for stage, depth in enumerate(depths):
            for block in range(depth):
                layers.append(Bottleneck(inputs, width * 2**stage, 2 if stage and not block else 1))
                inputs = 4 * width * 2**stage
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, 1000))


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, reduced, gate):
        super().__init__()
        self.one, self.two, self.gate = nn.Conv2d(channels, reduced, 1), nn.Conv2d(reduced, channels, 1), gate

    def forward(self, x):
        return x * self.gate(self.two(F.relu(self.one(F.adaptive_avg_pool2d(x, 1)))))


class InvertedResidual(nn.Module):
    def __init__(self, inputs, hidden, outputs, kernel, stride, excite, act):
        super().__init__()
        layers = [conv_bn(inputs, hidden, 1, act=act)] if hidden != inputs else []
        layers.append(conv_bn(hidden, hidden, kernel, stride, hidden, act))
        layers += [SqueezeExcitation(hidden, max(hidden // 4, 4), nn.Hardsigmoid())] if excite else []
        self.layers = nn.Sequential(*layers, conv_bn(hidden, outputs, 1, act=None))
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.layers(x) if self.residual else self.layers(x)


class MobileNetV3Large(nn.Sequential):
    def __init__(self, divide=1):
        relu, swish = (lambda: nn.ReLU(inplace=True)), (lambda: nn.Hardswish(inplace=True))
        rows = [
            *((16, 16, 3, 1, 0, relu), (64, 24, 3, 2, 0, relu), (72, 24, 3, 1, 0, relu), (72, 40, 5, 2, 1, relu)),
            *((120, 40, 5, 1, 1, relu), (120, 40, 5, 1, 1, relu), (240, 80, 3, 2, 0, swish), (200, 80, 3, 1, 0, swish)),
            *((184, 80, 3, 1, 0, swish), (184, 80, 3, 1, 0, swish), (480, 112, 3, 1, 1, swish)),
            *((672, 112, 3, 1, 1, swish), (672, 160, 5, 2, 1, swish), (960, 160, 5, 1, 1, swish)),
            (960, 160, 5, 1, 1, swish),
        ]
        layers, inputs = [conv_bn(3, 16 // divide, 3, 2, act=swish)], 16 // divide
        for hidden, outputs, kernel, stride, excite, act in rows:
            layers.append(
                InvertedResidual(inputs, hidden // divide, outputs // divide, kernel, stride, bool(excite), act)
            )
            inputs = outputs // divide
        layers += [conv_bn(inputs, 960 // divide, 1, act=swish), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        super().__init__(
            *layers, nn.Linear(960 // divide, 1280 // divide), swish(), nn.Dropout(0.2), nn.Linear(1280 // divide, 1000)
        )


class DenseLayer(nn.Module):
    def __init__(self, inputs, growth):
        super().__init__()
        self.norms = nn.ModuleList([nn.BatchNorm2d(inputs), nn.BatchNorm2d(4 * growth)])
        self.one = nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.two = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x):
        y = self.one(F.relu(self.norms[0](x)))
        return torch.cat([x, self.two(F.relu(self.norms[1](y)))], 1)


class DenseNet121(nn.Sequential):
    def __init__(self, growth=32, depths=(6, 12, 24, 16)):
        channels = 2 * growth
        layers = [conv_bn(3, channels, 7, 2), nn.MaxPool2d(3, 2, 1)]
        for stage, depth in enumerate(depths):
            if stage:
                layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels // 2, 1, bias=False)]
                layers.append(nn.AvgPool2d(2))
                channels //= 2
            for _ in range(depth):
                layers.append(DenseLayer(channels, growth))
                channels += growth
        layers += [nn.BatchNorm2d(channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        super().__init__(*layers, nn.Linear(channels, 1000))


class ShuffleUnit(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        half = outputs // 2
        self.stride = stride
        self.left = (
            nn.Sequential(conv_bn(inputs, inputs, 3, 2, inputs, None), conv_bn(inputs, half, 1))
            if stride == 2
            else nn.Identity()
        )
        start = inputs if stride == 2 else half
        self.right = nn.Sequential(conv_bn(start, half, 1), conv_bn(half, half, 3, stride, half, None))
        self.end = conv_bn(half, half, 1)

    def forward(self, x):
        one, two = (x, x) if self.stride == 2 else x.chunk(2, 1)
        y = torch.cat([self.left(one), self.end(self.right(two))], 1)
        return y.unflatten(1, (2, -1)).transpose(1, 2).flatten(1, 2)


class ShuffleNetV2(nn.Sequential):
    def __init__(self, widths=(24, 116, 232, 464, 1024), depths=(4, 8, 4)):
        layers, inputs = [conv_bn(3, widths[0], 3, 2), nn.MaxPool2d(3, 2, 1)], widths[0]
        for outputs, depth in zip(widths[1:4], depths, strict=True):
            layers += [ShuffleUnit(inputs if not at else outputs, outputs, 1 if at else 2) for at in range(depth)]
            inputs = outputs
        layers += [conv_bn(inputs, widths[4], 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        super().__init__(*layers, nn.Linear(widths[4], 1000))


class Inception(nn.Module):
    def __init__(self, inputs, one, three, five, pool):
        super().__init__()
        self.branches = nn.ModuleList(
            [
                conv_bn(inputs, one, 1),
                nn.Sequential(conv_bn(inputs, three[0], 1), conv_bn(three[0], three[1])),
                nn.Sequential(conv_bn(inputs, five[0], 1), conv_bn(five[0], five[1])),
                nn.Sequential(nn.MaxPool2d(3, 1, 1), conv_bn(inputs, pool, 1)),
            ]
        )

    def forward(self, x):
        return torch.cat([branch(x) for branch in self.branches], 1)


class GoogLeNet(nn.Sequential):
    def __init__(self, divide=1):
        d = divide
        rows = [
            *((192, 64, (96, 128), (16, 32), 32), (256, 128, (128, 192), (32, 96), 64), None),
            *((480, 192, (96, 208), (16, 48), 64), (512, 160, (112, 224), (24, 64), 64)),
            *((512, 128, (128, 256), (24, 64), 64), (512, 112, (144, 288), (32, 64), 64)),
            *((528, 256, (160, 320), (32, 128), 128), None, (832, 256, (160, 320), (32, 128), 128)),
            (832, 384, (192, 384), (48, 128), 128),
        ]
        layers = [conv_bn(3, 64 // d, 7, 2), nn.MaxPool2d(3, 2, 1), conv_bn(64 // d, 64 // d, 1)]
        layers += [conv_bn(64 // d, 192 // d, 3), nn.MaxPool2d(3, 2, 1)]
        for row in rows:
            if row is None:
                layers.append(nn.MaxPool2d(3, 2, 1))
                continue
            inputs, one, three, five, pool = row
            layers.append(Inception(inputs // d, one // d, [n // d for n in three], [n // d for n in five], pool // d))
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024 // d, 1000))


class PreActivationBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.norms = nn.ModuleList([nn.BatchNorm2d(inputs), nn.BatchNorm2d(outputs)])
        self.one = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.two = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if inputs != outputs else nn.Identity()

    def forward(self, x):
        y = F.relu(self.norms[0](x))
        return self.shortcut(x if isinstance(self.shortcut, nn.Identity) else y) + self.two(
            F.relu(self.norms[1](self.one(y)))
        )


class WideResNet(nn.Sequential):
    def __init__(self, depth=4, widen=10):
        layers, inputs = [nn.Conv2d(3, 16, 3, padding=1, bias=False)], 16
        for stage in range(3):
            for block in range(depth):
                layers.append(PreActivationBlock(inputs, 16 * widen * 2**stage, 2 if stage and not block else 1))
                inputs = 16 * widen * 2**stage
        layers += [nn.BatchNorm2d(inputs), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
        super().__init__(*layers, nn.Linear(inputs, 10))


class MLPMixerBlock(nn.Module):
    def __init__(self, patches, channels):
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(channels), nn.LayerNorm(channels)])
        self.tokens = nn.Sequential(nn.Linear(patches, channels // 2), nn.GELU(), nn.Linear(channels // 2, patches))
        self.channels = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))

    def forward(self, x):
        x = x + self.tokens(self.norms[0](x).mT).mT
        return x + self.channels(self.norms[1](x))


class MLPMixer(nn.Module):
    def __init__(self, size=224, channels=512, depth=8):
        super().__init__()
        self.patches = nn.Conv2d(3, channels, 16, 16)
        self.blocks = nn.Sequential(*(MLPMixerBlock((size // 16) ** 2, channels) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(channels), nn.Linear(channels, 1000)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.patches(x).flatten(2).mT)).mean(1))


class UNet(nn.Module):
    def __init__(self, width=64, conv=nn.Conv2d, up=nn.ConvTranspose2d, norm=nn.BatchNorm2d, inputs=3, depth=4):
        super().__init__()

        def double(inside, outside):
            layers = [conv(inside, outside, 3, padding=1), norm(outside), nn.ReLU(inplace=True)]
            return nn.Sequential(*layers, conv(outside, outside, 3, padding=1), norm(outside), nn.ReLU(inplace=True))

        widths = [width * 2**level for level in range(depth + 1)]
        self.down = nn.ModuleList(double(*pair) for pair in zip([inputs, *widths[:-1]], widths, strict=True))
        self.up = nn.ModuleList(up(2 * one, one, 2, 2) for one in reversed(widths[:-1]))
        self.merge = nn.ModuleList(double(2 * one, one) for one in reversed(widths[:-1]))
        self.head = conv(width, 2, 1)
        self.pool = F.max_pool3d if conv is nn.Conv3d else F.max_pool2d

    def forward(self, x):
        skips = []
        for at, block in enumerate(self.down):
            x = block(x if at == 0 else self.pool(x, 2))
            skips.append(x)
        for up, merge, skip in zip(self.up, self.merge, reversed(skips[:-1]), strict=True):
            x = merge(torch.cat([skip, up(x)], 1))
        return self.head(x)


class WaveNet(nn.Module):
    """Dilated convolutions over time with gates."""

    def __init__(self, channels=64, depth=10):
        super().__init__()
        self.start = nn.Conv1d(1, channels, 1)
        self.gated = nn.ModuleList(
            nn.Conv1d(channels, 2 * channels, 2, dilation=2**at, padding=2**at) for at in range(depth)
        )
        self.out = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in range(depth))
        self.head = nn.Sequential(nn.ReLU(), nn.Conv1d(channels, channels, 1), nn.ReLU(), nn.Conv1d(channels, 256, 1))

    def forward(self, x):
        length, total = x.shape[-1], 0
        x = self.start(x)
        for gated, out in zip(self.gated, self.out, strict=True):
            one, two = gated(x)[..., :length].chunk(2, 1)
            y = out(torch.tanh(one) * torch.sigmoid(two))
            x, total = x + y, total + y
        return self.head(total)


class GPTBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        q, k, v = self.qkv(self.norms[0](x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).flatten(2))
        return x + self.mlp(self.norms[1](x))


class GPT(nn.Module):
    """As nanoGPT has it, the head's weight shared with the table of tokens."""

    def __init__(self, vocabulary=50257, width=768, depth=12, heads=12, length=1024):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(GPTBlock(width, heads) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, tokens):
        positions = torch.arange(tokens.shape[1], device=tokens.device)
        return self.head(self.norm(self.blocks(self.tokens(tokens) + self.positions(positions))))


class Encoder(nn.Module):
    """PyTorch's own transformer layers on tokens."""

    def __init__(self, vocabulary=10000, width=512, depth=6):
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        layer = nn.TransformerEncoderLayer(width, 8, 4 * width, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth)
        self.head = nn.Linear(width, 2)

    def forward(self, tokens):
        return self.head(self.encoder(self.tokens(tokens)).mean(1))


class Tagger(nn.Module):
    """A recurrent network, which has no units."""

    def __init__(self, vocabulary=10000, width=128):
        super().__init__()
        self.tokens, self.lstm = nn.Embedding(vocabulary, width), nn.LSTM(width, width, 2, batch_first=True)
        self.head = nn.Linear(width, 10)

    def forward(self, tokens):
        return self.head(self.lstm(self.tokens(tokens))[0])


def _mlp(small):
    sizes = [784, 32, 32, 10] if small else [784, 512, 512, 10]
    layers = [part for pair in pairwise(sizes) for part in (nn.Linear(*pair), nn.GELU())]
    return nn.Sequential(*layers[:-1])


def _noise(*shape):
    return lambda _: torch.randn(*shape, generator=torch.Generator().manual_seed(0))


PLAIN = {
    "AlexNet": Architecture(lambda small: AlexNet(8, 32) if small else AlexNet(), images()),
    "VGG-16": Architecture(lambda small: VGG16(False, 4, 10, 32) if small else VGG16(False), images()),
    "VGG-16 with BatchNorm": Architecture(lambda small: VGG16(True, 4, 10, 32) if small else VGG16(True), images()),
    "GoogLeNet": Architecture(lambda small: GoogLeNet(8 if small else 1), images(batch=2)),
    "ResNet-50": Architecture(lambda small: ResNet50(8, (1, 1, 1, 1)) if small else ResNet50(), images(small=96)),
    "Wide ResNet-28-10": Architecture(lambda small: WideResNet(1, 1) if small else WideResNet(), images(1, 32, 32)),
    "DenseNet-121": Architecture(
        lambda small: DenseNet121(8, (2, 2, 2, 2)) if small else DenseNet121(), images(small=96)
    ),
    "ShuffleNetV2": Architecture(
        lambda small: ShuffleNetV2((8, 16, 24, 32, 48), (2, 2, 2)) if small else ShuffleNetV2(), images(small=96)
    ),
    "MobileNetV3-Large": Architecture(lambda small: MobileNetV3Large(8 if small else 1), images(batch=2)),
    "MLP": Architecture(_mlp, _noise(1, 784)),
    "MLP-Mixer": Architecture(lambda small: MLPMixer(64, 16, 2) if small else MLPMixer(), images()),
    "U-Net": Architecture(lambda small: UNet(4, depth=2) if small else UNet(), images(1, 128, 32)),
    "U-Net of volumes, InstanceNorm": Architecture(
        lambda small: UNet(2 if small else 16, nn.Conv3d, nn.ConvTranspose3d, nn.InstanceNorm3d, 1, 2),
        _noise(1, 1, 16, 16, 16),
    ),
    "WaveNet": Architecture(lambda small: WaveNet(8, 3) if small else WaveNet(), _noise(1, 1, 2048)),
    "GPT, 124 million": Architecture(lambda small: GPT(100, 16, 2, 2, 32) if small else GPT(), tokens(50257)),
    "nn.TransformerEncoder": Architecture(lambda small: Encoder(100, 16, 2) if small else Encoder(), tokens(10000)),
}
"""By name; all have A-L-N units, and those of Conv2d, BatchNorm2d and ReLU have R-C-B units."""

RECURRENT = {"LSTM": Architecture(lambda small: Tagger(100, 8) if small else Tagger(), tokens(10000))}
"""Architectures that are refused."""
