"""Networks that are a stem, layers in sequence, and a classifier; and the shortcut around layers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from torch import Tensor, nn

from eznas.errors import EznasError


def sequential_network(
    layers: Sequence[nn.Module], stem_width: int, last_width: int, num_classes: int
) -> nn.Sequential:
    """Return stem (3x3 convolution and BatchNorm), `layers`, ReLU, global average pooling and a linear classifier.

    Args:
        layers: from (batch, stem_width, height, width) to (batch, last_width, smaller height, smaller width).
        stem_width: channels of the stem.
        last_width: channels of the last layer.
        num_classes: length of the logits.
    """
    stem = nn.Sequential(nn.Conv2d(3, stem_width, 3, padding=1, bias=False), nn.BatchNorm2d(stem_width))
    head = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last_width, num_classes))
    return nn.Sequential(OrderedDict(stem=stem, body=nn.Sequential(*layers), head=head))


class Shortcut(nn.Module):
    """Adds its input to what `body`, which keeps the shape, makes of it."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, inputs: Tensor) -> Tensor:
        """Return a tensor of the shape of `inputs`."""
        output: Tensor = inputs + self.body(inputs)
        return output


def require_map(space: str, image_size: int, halvings: int) -> None:
    """Raise an EznasError if images are too small to be halved so often.

    BatchNorm cannot normalise one image's 1x1 map, where there is one value per channel.
    """
    if -(-image_size // 2**halvings) < 2:
        raise EznasError(
            f"Images of {image_size} pixels, halved {halvings} times by this architecture of the space {space}, leave "
            "less than a 2x2 map: give larger images."
        )


def layer_strides(layers: int) -> list[int]:
    """Return the strides of the layers of a chain that has no stages: the first, third and fifth halve."""
    return [2 if position in (0, 2, 4) else 1 for position in range(layers)]
