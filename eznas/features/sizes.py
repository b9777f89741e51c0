"""The size of a unit as features: number of weights, channels, areas, multiplications.

All of them are ordinary programs. `numel` counts elements; the rows of a tensor of ones are counted by the sum of
their cosine similarities with themselves; and the mean of a softmax over channels is one over their number. Everything
else is a product or quotient of these, so a count may be off by a rounding of float32.

What no program can know, because a program sees one unit at a time: the position of a unit in its network, and the
depth of the network. A sum over the units of a network is the way to reward depth.
"""

from __future__ import annotations

from typing import Final

_STEPS: Final = {
    "images": "cosine_similarity(ones_like(inp.data), ones_like(inp.data))",
    "output_channels": "cosine_similarity(ones_like(wt), ones_like(wt))",
    "input_share": "normalized_sum(softmax(zeros_like(inp.data)))",  # 1 / channels
    "output_share": "normalized_sum(softmax(zeros_like(act.data)))",
    "weight_share": "normalized_sum(softmax(zeros_like(wt)))",  # 1 / channels of a group
    "input_area": "numel(inp.data) * input_share * invert(images)",
    "output_area": "numel(act.data) * output_share * invert(images)",
}
_SIZES: Final = {
    "weights": "numel(wt)",
    "input_elements": "numel(inp.data)",
    "output_elements": "numel(act.data)",
    "input_channels": "invert(input_share)",
    "output_channels": "output_channels",
    "groups": "weight_share * invert(input_share)",
    "kernel_area": "numel(wt) * weight_share * invert(output_channels)",
    "input_area": "input_area",
    "output_area": "output_area",
    "stride_area": "input_area * invert(output_area)",
    "multiplications": "numel(wt) * output_area",
}


def _text(result: str) -> str:
    return "".join(f"{name} = {text}; " for name, text in _STEPS.items()) + result


SIZES: Final = {name: _text(result) for name, result in _SIZES.items()}
"""Formulas by name: areas in pixels (a stride's is that of the stride squared), multiplications for one image."""
