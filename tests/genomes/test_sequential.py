import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eznas.errors import EznasError
from eznas.genomes import sequential
from eznas.genomes.instructions import Instruction, validity_error
from eznas.genomes.sequential import SequentialGenome, SequentialSettings
from eznas.ops.catalogue import BY_NAME
from eznas.ops.notation import parse_program

fixed = settings(deadline=None, derandomize=True)
seeds = st.integers(0, 2**32)
DEFAULTS = SequentialSettings()


def instruction(write, name, first, second=0):
    return Instruction(write, BY_NAME[name].id, first, second)


def genome(*instructions, limits=DEFAULTS):
    assert validity_error(instructions) is None
    return SequentialGenome(tuple(instructions), limits)


def random_genomes(seed, count, limits=DEFAULTS):
    rng = np.random.default_rng(seed)
    return rng, [SequentialGenome.random(rng, limits).instructions for _ in range(count)]


def test_last_result_is_the_output_and_addresses_may_be_overwritten():
    sequence = genome(
        instruction(22, "exp", 0),
        instruction(102, "numel", 22),
        instruction(22, "sign", 4),  # dead: nothing reads it before the next write
        instruction(22, "log", 22),
        instruction(103, "product", 102, 102),
        instruction(50, "difference", 103, 22),
    )
    assert sequence.compile() == parse_program("n = numel(exp(wt)); n * n - log(sign(inp.data))")


def test_live_share_counts_data_flow_to_the_output():
    sequence = genome(
        instruction(22, "exp", 0),  # live, through 23
        instruction(23, "log", 22),  # live
        instruction(22, "sign", 4),  # overwritten before any read
        instruction(24, "abs", 23),  # read by nothing but the unread second address below
        instruction(22, "relu", 23, 24),  # live
        instruction(30, "exp", 0),  # live, though it repeats the first: that's no bloat of the representation
        instruction(102, "numel", 22),  # reaches nothing
        instruction(31, "sum", 22, 30),
    )
    assert sequence.live_share == 5 / 8
    assert sequence.size == 8
    assert sequence.compile().size == 4


def test_live_instructions_can_share_an_address():
    assert genome(instruction(22, "exp", 0), instruction(22, "log", 22), instruction(22, "abs", 22)).live_share == 1
    assert genome(instruction(22, "exp", 0), instruction(22, "log", 0)).live_share == 1 / 2


@fixed
@given(seeds, st.integers(1, 20), st.integers(0, 10))
def test_fresh_lengths_keep_the_limits(seed, minimum, extra):
    _, genomes = random_genomes(seed, 5, SequentialSettings(minimum, minimum + extra))
    assert all(minimum <= len(each) <= minimum + extra for each in genomes)


def test_fresh_genomes_have_every_length_operation_and_space():
    _, genomes = random_genomes(0, 1000)
    assert {len(each) for each in genomes} == set(range(10, 41))
    everything = [each for sequence in genomes for each in sequence]
    assert {each.operation for each in everything} == set(range(34))
    assert {each.write for each in everything} == set(range(22, 122))
    assert {address for each in everything for address in each.reads} == set(range(122))


@fixed
@given(seeds)
def test_variation_stays_valid_and_within_the_length(seed):
    limits = SequentialSettings(1, 12, maximum_length=12)
    rng, genomes = random_genomes(seed, 6, limits)
    for _ in range(20):
        first, second = (genomes[int(rng.integers(6))] for _ in range(2))
        for child in (
            sequential.mate(first, second),
            sequential.insert_op(first, rng, limits),
            sequential.remove_op(first, rng),
            sequential.mutate_op(first, rng),
            sequential.mutate_op_arg(first, rng),
        ):
            assert validity_error(child) is None
            assert 1 <= len(child) <= 12
            genomes[int(rng.integers(6))] = child


def static(*names, start=22):
    """Instructions that read static addresses alone, so that no selection of them needs repair."""
    return tuple(instruction(start + place, name, place) for place, name in enumerate(names))


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        # (parent, place) of each instruction of the child
        ((4, 4), [(0, 0), (1, 0), (0, 1), (1, 1)]),
        ((2, 6), [(0, 0), (1, 0), (1, 1), (1, 2)]),
        ((6, 2), [(0, 0), (1, 0), (0, 1), (0, 2)]),
        ((5, 5), [(0, 0), (1, 0), (0, 1), (1, 1), (1, 2)]),
        ((1, 1), [(0, 0), (1, 0)]),
    ],
)
def test_mate_interleaves_the_first_halves(lengths, expected):
    parents = [static(*["exp"] * lengths[0]), static(*["log"] * lengths[1], start=60)]
    child = sequential.mate(*parents)
    assert list(child) == [parents[parent][place] for parent, place in expected]


@fixed
@given(seeds)
def test_mate_needs_no_repair(seed):
    _, (first, second) = random_genomes(seed, 2)
    for child in (sequential.mate(first, second), sequential.mate(second, first), sequential.mate(first, first)):
        assert validity_error(child) is None


@pytest.mark.parametrize("maximum", [2, 3, 4, 5, 9])
def test_children_of_the_longest_parents_are_not_longer(maximum):
    for first in range(1, maximum + 1):
        for second in range(1, maximum + 1):
            child = sequential.mate(static(*["exp"] * first), static(*["log"] * second))
            assert len(child) <= maximum


@fixed
@given(seeds)
def test_insert_op_adds_one_instruction(seed):
    rng, (parent,) = random_genomes(seed, 1)
    child = sequential.insert_op(parent, rng, DEFAULTS)
    assert len(child) == len(parent) + 1
    assert any(child[:place] + child[place + 1 :] == parent for place in range(len(child)))


def test_insert_op_inserts_at_every_place():
    parent = static("exp", "log", "abs")
    children = [sequential.insert_op(parent, np.random.default_rng(seed), DEFAULTS) for seed in range(60)]
    kept = {tuple(child.index(each) for each in parent) for child in children if set(parent) < set(child)}
    assert kept >= {(1, 2, 3), (0, 2, 3), (0, 1, 3), (0, 1, 2)}


def test_insert_op_keeps_the_maximum_length():
    _, (parent,) = random_genomes(0, 1, SequentialSettings(10, 10, maximum_length=10))
    limits = SequentialSettings(10, 10, maximum_length=10)
    assert sequential.insert_op(parent, np.random.default_rng(0), limits) == parent


@fixed
@given(seeds)
def test_remove_op_drops_one_instruction_and_repairs_its_readers(seed):
    rng, (parent,) = random_genomes(seed, 1)
    child = sequential.remove_op(parent, rng)
    operations = [each.operation for each in parent]
    assert any(
        operations[:place] + operations[place + 1 :] == [each.operation for each in child]
        for place in range(len(parent))
    )


def test_remove_op_keeps_the_rest_where_nothing_reads_what_is_removed():
    parent = static("exp", "log", "abs")
    children = {sequential.remove_op(parent, np.random.default_rng(seed)) for seed in range(30)}
    assert children == {parent[1:], parent[:1] + parent[2:], parent[:2]}


def test_remove_op_keeps_a_single_instruction():
    assert sequential.remove_op(static("exp"), np.random.default_rng(0)) == static("exp")


@fixed
@given(seeds)
def test_mutate_op_changes_one_operation_and_no_address(seed):
    rng, (parent,) = random_genomes(seed, 1)
    child = sequential.mutate_op(parent, rng)
    [(old, new)] = [(old, new) for old, new in zip(parent, child, strict=True) if old != new]
    assert old.operation != new.operation
    assert new == old._replace(operation=new.operation)


@fixed
@given(seeds)
def test_mutate_op_arg_changes_one_read_within_its_space(seed):
    rng, (parent,) = random_genomes(seed, 1)
    child = sequential.mutate_op_arg(parent, rng)
    [(old, new)] = [(old, new) for old, new in zip(parent, child, strict=True) if old != new]
    assert (new.write, new.operation) == (old.write, old.operation)
    [(before, after)] = [(a, b) for a, b in zip(old[2:], new[2:], strict=True) if a != b]
    spaces = (range(22), range(22, 102), range(102, 122))
    assert [before in space for space in spaces] == [after in space for space in spaces]
    assert new.reads != old.reads  # the unread second address of a one-argument operation is not touched


def test_mutate_op_arg_never_reads_what_is_not_written():
    # The only dynamic address that the second instruction can read is the one that it reads already.
    parent = genome(instruction(22, "exp", 0), instruction(23, "log", 22)).instructions
    children = [sequential.mutate_op_arg(parent, np.random.default_rng(seed)) for seed in range(30)]
    assert {child[1] for child in children} == {parent[1]}
    assert all(child[0] != parent[0] for child in children)


def test_mutation_uses_every_operator():
    _, (parent,) = random_genomes(1, 1)
    rng = np.random.default_rng(0)
    changes = {"longer": 0, "shorter": 0, "operation": 0, "argument": 0}
    for _ in range(400):
        child = SequentialGenome(parent, DEFAULTS).mutate(rng).instructions
        if len(child) != len(parent):
            changes["longer" if len(child) > len(parent) else "shorter"] += 1
        else:
            same_operations = all(old.operation == new.operation for old, new in zip(parent, child, strict=True))
            changes["argument" if same_operations else "operation"] += 1
    assert all(70 < count < 130 for count in changes.values())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "list of instructions"),
        ([], "list of instructions"),
        ("abcd", "list of instructions"),
        (["abcd"], "Instruction 0 .* four integers"),
        ([[22, 11, 0]], "Instruction 0 .* four integers"),
        ([[22, 11, 0, 0], [22, 11, 0.0, 0]], "Instruction 1 .* four integers"),
        ([[22, 11, 22, 0]], "reads address 22.*damaged"),
        ([[22, 11, 0, 0]] * 101, "101 instructions, above maximum_length 100"),
    ],
)
def test_decode_says_what_is_wrong(data, reason):
    with pytest.raises(EznasError, match=reason):
        SequentialGenome.decode(data, DEFAULTS)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"initial_minimum_length": 0}, "initial_minimum_length is 0: give a whole number from 1"),
        ({"initial_minimum_length": 41}, "initial_minimum_length is 41, above initial_maximum_length, which is 40"),
        ({"maximum_length": 39}, "initial_maximum_length is 40, above maximum_length, which is 39"),
        ({"initial_minimum_length": 1, "initial_maximum_length": 1, "maximum_length": 1}, "maximum_length is 1"),
    ],
)
def test_impossible_settings_are_named(values, reason):
    with pytest.raises(EznasError, match=reason):
        SequentialSettings(**values)
