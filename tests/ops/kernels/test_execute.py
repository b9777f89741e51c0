"""Every operation of the catalogue has the kernel of its name, and no kernel is without one."""

import pytest

from eznas.ops.catalogue import BY_NAME, OPERATIONS, ShapeRule
from eznas.ops.kernels import execute  # noqa: F401 - imports all kernels
from eznas.ops.kernels.kernel import KERNELS


def test_kernels_are_those_of_the_catalogue():
    assert set(KERNELS) == set(BY_NAME)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_kernel_has_the_parameters_of_its_operation(operation):
    kernel = KERNELS[operation.name]
    if kernel.is_elementwise:
        assert operation.rule is ShapeRule.BROADCAST
        assert len(kernel.parameters) == operation.arity
    elif kernel.total is not None:
        assert operation.gives_scalar
        assert kernel.parameters in {("a",), ("a", "b"), ("a", "terms"), ("a", "b", "terms")}
        assert ("b" in kernel.parameters) == (operation.arity == 2)
    else:
        assert set(kernel.parameters) <= {"result", "a", "b", "workspace"}
        assert ("b" in kernel.parameters) == (operation.arity == 2)
        assert ("result" in kernel.parameters) != operation.gives_scalar
