import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eznas.genomes.instructions import DYNAMIC, SCALAR, STATIC, Instruction, Memory, repair, validity_error
from eznas.genomes.sequential import SequentialGenome, SequentialSettings
from eznas.ops.catalogue import BY_NAME
from eznas.ops.program import ProgramBuilder, result_is_scalar

fixed = settings(deadline=None, derandomize=True)
seeds = st.integers(0, 2**32)


def instruction(write, name, first, second=0):
    return Instruction(write, BY_NAME[name].id, first, second)


def check_by_running(instructions):
    """Validity from first principles: run the addresses, and ask the program what kind each value is."""
    builder = ProgramBuilder()
    memory = {address: builder.terminal(address) for address in range(22)}
    for each in instructions:
        assert each.first in memory
        assert each.second in memory
        ref = builder.apply(each.operation, *(memory[address] for address in each.reads))
        program = builder.build(ref)
        assert program.is_well_formed
        assert each.write in (range(102, 122) if program.gives_scalar else range(22, 102))
        memory[each.write] = ref


def test_memory_layout():
    assert (range(22), range(22, 102), range(102, 122)) == (STATIC, DYNAMIC, SCALAR)


def test_second_address_of_a_one_argument_operation_is_no_read():
    assert instruction(22, "exp", 3, 4).reads == (3,)
    assert instruction(22, "sum", 3, 4).reads == (3, 4)


def test_memory_knows_what_can_be_read():
    memory = Memory([instruction(30, "exp", 0), instruction(105, "numel", 30), instruction(30, "log", 30)])
    assert all(address in memory for address in (0, 21, 30, 105))
    assert not any(address in memory for address in (22, 102, 121, 122, -1))
    assert list(memory.space(40)) == [30]
    assert list(memory.space(110)) == [105]
    assert [list(space) for space in memory.spaces(needs_tensor=True)] == [list(range(22)), [30]]
    assert [list(space) for space in memory.spaces(needs_tensor=False)] == [list(range(22)), [30], [105]]
    assert [list(space) for space in Memory().spaces(needs_tensor=False)] == [list(range(22))]


@fixed
@given(seeds)
def test_random_programs_are_valid(seed):
    genome = SequentialGenome.random(np.random.default_rng(seed), SequentialSettings())
    check_by_running(genome.instructions)
    assert validity_error(genome.instructions) is None


@pytest.mark.parametrize(
    ("instructions", "reason"),
    [
        ([instruction(22, "exp", 22)], "reads address 22"),
        ([instruction(22, "exp", 0, 22)], "reads address 22"),
        ([instruction(22, "sum", 0, 102)], "reads address 102"),
        ([instruction(22, "exp", 122)], "reads address 122"),
        ([instruction(22, "exp", -1)], "reads address -1"),
        ([Instruction(22, 34, 0, 0)], "names operation 34"),
        ([Instruction(22, -1, 0, 0)], "names operation -1"),
        ([instruction(5, "exp", 0)], "writes address 5, and a result of exp belongs to 22-101"),
        ([instruction(102, "exp", 0)], "writes address 102, and a result of exp belongs to 22-101"),
        ([instruction(22, "numel", 0)], "writes address 22, and a result of numel belongs to 102-121"),
        ([instruction(122, "numel", 0)], "writes address 122"),
        ([instruction(102, "numel", 0), instruction(22, "exp", 102)], "Instruction 1 .*belongs to 102-121"),
        ([instruction(102, "numel", 0), instruction(103, "sum", 102, 0)], "Instruction 1 .*belongs to 22-101"),
        (
            [instruction(102, "numel", 0), instruction(22, "matmul", 0, 102)],
            "Instruction 1 .*matmul, which needs a tensor",
        ),
        ([instruction(102, "numel", 0), instruction(22, "determinant", 102)], "needs a tensor"),
    ],
)
def test_invalid_instructions_are_named(instructions, reason):
    error = validity_error(instructions)
    assert error is not None
    assert re.search(reason, error)


def test_mixed_kinds_are_valid_where_they_belong():
    valid = [
        instruction(102, "numel", 0),
        instruction(103, "exp", 102),
        instruction(121, "sum", 102, 103),
        instruction(22, "sum", 121, 0),
        instruction(101, "determinant", 22, 102),  # its second address is no read
        instruction(102, "kl_divergence", 101, 21),
    ]
    check_by_running(valid)
    assert validity_error(valid) is None


@fixed
@given(seeds)
def test_repair_leaves_valid_programs_alone(seed):
    rng = np.random.default_rng(seed)
    instructions = SequentialGenome.random(rng, SequentialSettings()).instructions
    state = rng.bit_generator.state
    assert repair(instructions, rng) == instructions
    assert rng.bit_generator.state == state


@fixed
@given(seeds)
def test_repair_makes_any_selection_of_valid_instructions_valid(seed):
    rng = np.random.default_rng(seed)
    instructions = SequentialGenome.random(rng, SequentialSettings(30, 40)).instructions
    selected = [instructions[place] for place in rng.permutation(len(instructions))[: 1 + int(rng.integers(20))]]
    repaired = repair(selected, rng)
    check_by_running(repaired)
    assert [each.operation for each in repaired] == [each.operation for each in selected]


def test_repair_reads_another_address_of_the_same_space():
    rng = np.random.default_rng(0)
    kept = [instruction(30, "exp", 0), instruction(31, "log", 0), instruction(110, "numel", 0)]
    broken = [instruction(40, "sum", 50, 60), instruction(111, "exp", 115)]
    repaired = repair([*kept, *broken], rng)
    assert list(repaired[:3]) == kept
    assert {repaired[3].first, repaired[3].second} <= {30, 31}
    assert repaired[3].write == 40
    assert repaired[4] == instruction(111, "exp", 110)


def test_repair_moves_a_result_whose_kind_changed():
    # With no scalar to read, exp reads a static tensor, so its result can't stay in the scalar space.
    moved, reader = repair([instruction(111, "exp", 115), instruction(112, "log", 111)], np.random.default_rng(0))
    assert moved.first in STATIC
    assert moved.write in DYNAMIC
    assert not result_is_scalar(reader.operation, reader.first in SCALAR, True)
    check_by_running([moved, reader])
