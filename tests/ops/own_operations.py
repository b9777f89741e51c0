"""Own operations and terminals for tests, registered once in the process."""

import torch

from eznas.ops.own import operation, terminal


@operation("test_cube", arity=1)
def cube(a):
    """A cubed."""
    return a * a * a


@operation("test_blend", arity=2)
def blend(a, b):
    return 0.5 * a + 0.5 * b


@operation("test_spread", reduces=True, minimum_axes=1)
def spread(a):
    return a.amax() - a.amin()


@operation("test_square_only", minimum_axes=2)
def square_only(a):
    return torch.linalg.matrix_exp(a) if a.shape[-1] == a.shape[-2] else None


@terminal("test_saliency", reads=["wt", "wt_grad.data"])
def saliency(wt, wt_grad):
    """|W times its gradient|."""
    return (wt * wt_grad).abs()


@terminal("test_energy", reads=["act.data"], reduces=True)
def energy(act):
    return act.square().mean()


NAMES = ("test_cube", "test_blend", "test_spread", "test_square_only", "test_saliency", "test_energy")
