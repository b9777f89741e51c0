"""A look through the instructions of a pickle before any of them is carried out.

Python's unpickler bounds neither how deep tuples are nested, which it hashes by recursion in C when they are keys, nor
the memo that an instruction makes room for. A file of a few bytes can so end the process, fill its memory or keep it
busy for ever. Here the instructions are followed with a number in the place of each value: how many tuples and frozen
sets it is made of. What Python's own table of instructions says about each is all that this needs to know.
"""

from __future__ import annotations

import pickletools
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from eznas.errors import EznasError
from eznas.ops.jit import compiled

MOST_TUPLES: Final = 1000
"""Of how many tuples one value may be made; in official files it is a dozen."""

# How the argument of an instruction is found: so many bytes, or by what follows.
_NOT_AN_INSTRUCTION, _LINES, _LENGTH = -1, 100, 200

# What an instruction does with numbers, beside popping and pushing as many as it pops and pushes values.
_PLAIN, _MARK, _TUPLE, _DUPLICATE, _GET, _PUT, _PUT_NEXT, _POP, _STOP = range(9)

_TO_MARK: Final = 100  # added to the number of values popped

_ROLES: Final = {
    "MARK": _MARK,
    **dict.fromkeys(("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "FROZENSET"), _TUPLE),
    "DUP": _DUPLICATE,
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _GET),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _PUT),
    "MEMOIZE": _PUT_NEXT,
    "POP": _POP,
    "STOP": _STOP,
}

_LENGTH_BYTES: Final = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}


def _instructions() -> NDArray[np.int64]:
    """Return int64 (256, 4): for the byte of each instruction its argument, role, values popped and values pushed."""
    table = np.zeros((256, 4), np.int64)
    table[:, 0] = _NOT_AN_INSTRUCTION
    for one in pickletools.opcodes:
        if one.arg is None:
            argument = 0
        elif one.arg.n == pickletools.UP_TO_NEWLINE:
            argument = _LINES + (2 if one.arg.name == "stringnl_noescape_pair" else 1)
        elif one.arg.n < 0:
            argument = _LENGTH + _LENGTH_BYTES[one.arg.n]
        else:
            argument = one.arg.n
        before = one.stack_before
        popped = before.index(pickletools.markobject) + _TO_MARK if pickletools.markobject in before else len(before)
        table[ord(one.code)] = argument, _ROLES.get(one.name, _PLAIN), popped, len(one.stack_after)
    return table


_TABLE: Final = _instructions()
_FINE, _DAMAGED, _TOO_MANY = range(3)


def check_pickle(content: memoryview, path: Path) -> int:
    """Return how many of the bytes of `content` are the pickle that it begins with, if that may be unpickled.

    Raises:
        EznasError: it is cut off or damaged, or a value in it is made of more than `MOST_TUPLES` tuples.
    """
    outcome, position = _follow(np.frombuffer(content, np.uint8), _TABLE)
    if outcome == _TOO_MANY:
        raise EznasError(
            f"{path} was refused: at byte {position:,} a value is made of more than {MOST_TUPLES:,} tuples, which no "
            "official file of this kind needs; download it again from its official place."
        )
    if outcome == _DAMAGED:
        raise EznasError(
            f"{path} is cut off or damaged at byte {position:,} of its pickle: download it again from where you have "
            "it."
        )
    return int(position) + 1


@compiled
def _follow(content: NDArray[np.uint8], table: NDArray[np.int64]) -> tuple[int, int]:
    """Return what the pickle is found to be, and the position of its last instruction, or of the one at fault."""
    stack, height = np.zeros(1024, np.int16), 0
    marks, marked = np.zeros(1024, np.int64), 0
    memo, remembered = np.full(1024, -1, np.int16), 0
    position = 0
    while position < content.size:
        here = position
        instruction = table[content[here]]
        argument, role, popped, pushed = instruction[0], instruction[1], instruction[2], instruction[3]
        position += 1
        value = np.int64(0)
        # The argument: where it ends, and what number it is where one is needed.
        if argument == _NOT_AN_INSTRUCTION:
            return _DAMAGED, here
        if argument >= _LENGTH:
            first = position + argument - _LENGTH
            if first > content.size:
                return _DAMAGED, here
            for index in range(min(first - position, 7)):
                value |= np.int64(content[position + index]) << (8 * index)
            if first - position == 8 and content[position + 7] != 0:
                return _DAMAGED, here
            position = first + int(value)
        elif argument >= _LINES:
            for _ in range(argument - _LINES):
                line = position
                while position < content.size and content[position] != 10:
                    position += 1
                if role in (_GET, _PUT):
                    for index in range(line, position):
                        digit = np.int64(content[index]) - 48
                        if not 0 <= digit <= 9 or value > content.size:
                            return _DAMAGED, here
                        value = 10 * value + digit
                position += 1
        else:
            if role in (_GET, _PUT) and position + argument <= content.size:
                for index in range(argument):
                    value |= np.int64(content[position + index]) << (8 * index)
            position += argument
        if position > content.size:
            return _DAMAGED, here

        # The values that it pops, and of how many tuples they are made.
        floor = marks[marked - 1] if marked else 0
        tuples = np.int64(0)
        if role == _POP and marked and height == floor:
            marked -= 1
            continue
        if popped >= _TO_MARK:
            if not marked:
                return _DAMAGED, here
            for index in range(floor, height):
                tuples += stack[index]
            height = floor
            marked -= 1
            floor = marks[marked - 1] if marked else 0
            popped -= _TO_MARK
        if height - popped < floor:
            return _DAMAGED, here
        for index in range(height - popped, height):
            tuples += stack[index]
        is_empty = height == floor
        top = np.int64(0) if is_empty else np.int64(stack[height - 1])
        height -= popped

        # What it puts there.
        if role == _STOP:
            return (_DAMAGED if height or marked else _FINE), here
        if role == _MARK:
            if marked == marks.size:
                marks = np.concatenate((marks, np.zeros_like(marks)))
            marks[marked] = height
            marked += 1
            continue
        if role == _TUPLE:
            tuples += 1
            if tuples > MOST_TUPLES:
                return _TOO_MANY, here
        elif role == _DUPLICATE:
            tuples = top
        elif role in (_PUT, _PUT_NEXT):
            place = remembered if role == _PUT_NEXT else value
            # An honest pickle numbers the places one after the other, each with an instruction of its own.
            if is_empty or place > here:
                return _DAMAGED, here
            while place >= memo.size:
                memo = np.concatenate((memo, np.full_like(memo, -1)))
            remembered += memo[place] < 0
            memo[place] = top
            tuples = top
        elif role == _GET:
            if value >= memo.size or memo[value] < 0:
                return _DAMAGED, here
            tuples = np.int64(memo[value])
        else:
            tuples = np.int64(0)
        while height + pushed > stack.size:
            stack = np.concatenate((stack, np.zeros_like(stack)))
        for _ in range(pushed):
            stack[height] = tuples
            height += 1
    return _DAMAGED, content.size
