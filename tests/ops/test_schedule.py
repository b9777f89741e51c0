"""What is computed on a unit, what is streamed, and where the rest is kept."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from program_strategies import random_program

from eznas.ops.notation import parse_program
from eznas.ops.plan import LOAD, Plan
from eznas.ops.schedule import (
    ABSENT,
    COUNTED,
    READS_VALUES,
    STORED,
    STREAMED,
    Nodes,
    Operands,
    infer_shapes,
    new_schedule,
    place_nodes,
    schedule_nodes,
)
from eznas.terminals import TERMINAL_COUNT, TERMINALS

UNIT = {"wt": (5, 5, 1, 1), "inp": (2, 5, 4, 4), "pre": (2, 5, 4, 4), "act": (2, 5, 4, 4)}


class Scheduled:
    """The schedule of programs on a unit of these shapes."""

    def __init__(self, programs, unit=UNIT):
        self.plan = plan = Plan.of(programs)
        self.nodes = Nodes(*(frozen(part) for part in (plan.operation, plan.first, plan.second)))
        shapes = np.ones((TERMINAL_COUNT + plan.size, 4), np.int64)
        axes = np.zeros(TERMINAL_COUNT + plan.size, np.int64)
        for terminal in TERMINALS:
            shape = unit[terminal.shape_of]
            shapes[terminal.address, : len(shape)] = shape
            axes[terminal.address] = len(shape)
        infer_shapes(self.nodes, frozen(np.zeros((0, 4), np.int64)), frozen(np.zeros(0, np.int64)), shapes, axes)
        column_of = np.full(plan.size, -1)
        for column, operand in enumerate(plan.recorded):
            if operand >= TERMINAL_COUNT:
                column_of[operand - TERMINAL_COUNT] = column
        self.schedule = new_schedule(plan.size)
        self.most_steps = schedule_nodes(self.nodes, column_of, shapes, axes, self.schedule)
        self.state = self.schedule.state.copy()
        empty = np.empty(0, np.float32)
        start = np.zeros(len(axes), np.int64)
        self.operands = Operands(frozen(empty), empty.copy(), start, shapes, axes)
        self.scratch = place_nodes(self.nodes, self.operands, self.schedule)

    def steps(self, node):
        """The nodes that are streamed to a sink, and the sink."""
        found = []
        step = self.schedule.first_step[node]
        while step >= 0:
            found.append(int(step))
            step = self.schedule.next_step[step]
        return [*found, node]


def frozen(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def states(*texts, unit=UNIT):
    return Scheduled([parse_program(text) for text in texts], unit).state.tolist()


def test_a_chain_is_streamed_to_the_number_that_is_recorded():
    text = "exp(sigmoid(abs(inp.data)))"
    scheduled = Scheduled([parse_program(text)])
    assert scheduled.state.tolist() == [STREAMED, STREAMED, COUNTED]
    assert (scheduled.scratch, scheduled.most_steps) == (0, 2)
    assert scheduled.steps(2) == [0, 1, 2]


def test_a_chain_is_streamed_to_a_total():
    assert states("l1_norm(exp(inp.data) - sign(inp.noise))") == [STREAMED, STREAMED, STREAMED, STORED]
    assert states("hamming_distance(exp(inp.data), sign(inp.noise))") == [STREAMED, STREAMED, STORED]


def test_what_two_nodes_read_is_kept():
    assert states("l1_norm(exp(inp.data))", "normalized_sum(exp(inp.data))") == [STORED, STORED, STORED]


def test_what_is_read_as_a_whole_is_kept():
    assert states("exp(inp.data) @ inp.data") == [STORED, STORED]
    assert states("softmax(exp(inp.data))") == [STORED, STORED]


def test_what_is_repeated_is_kept():
    unit = {**UNIT, "wt": (1, 5, 1, 1)}
    assert states("exp(wt) + inp.data", unit=unit) == [STORED, COUNTED]
    assert states("normalized_sum(inp.data) - abs(inp.data)") == [STORED, STREAMED, COUNTED]


def test_what_nobody_needs_is_not_computed():
    assert states("numel(exp(inp.data))") == [ABSENT, STORED]
    assert states("zeros_like(exp(inp.data))") == [ABSENT, COUNTED]
    unit = {**UNIT, "act": (2, 5, 3, 3)}
    assert states("exp(inp.data) + log(act.data)", unit=unit) == [ABSENT, ABSENT, ABSENT]


@given(seed=st.integers(0, 2**32))
@settings(deadline=None, derandomize=True, max_examples=40)
def test_no_place_is_given_away_while_its_value_is_needed(seed):
    rng = np.random.default_rng(seed)
    scheduled = Scheduled([random_program(rng, 20) for _ in range(6)])
    nodes, operands = scheduled.nodes, scheduled.operands
    owner = np.full(scheduled.scratch, -1)
    for node in np.flatnonzero(np.isin(scheduled.state, [STORED, COUNTED])).tolist():
        own = operands.start[TERMINAL_COUNT + node]
        for step in scheduled.steps(node) if nodes.operation[node] != LOAD else []:
            assert scheduled.state[step] == STREAMED or step == node
            operands_read = (nodes.first[step], nodes.second[step]) if READS_VALUES[nodes.operation[step]] else ()
            for operand in operands_read:
                read = operand - TERMINAL_COUNT
                if read >= 0 and scheduled.state[read] == STORED:
                    start, size = operands.start[operand], operands.shapes[operand].prod()
                    assert np.all(owner[start : start + size] == read)
                    assert scheduled.state[node] == COUNTED or start != own
        if scheduled.state[node] == STORED:
            assert own % 16 == 0
            owner[own : own + operands.shapes[TERMINAL_COUNT + node].prod()] = node
