"""A cluster that is connected: actors that live, and calls that any worker may take, both replaced when they are lost.

A worker that dies is started anew, and what it had not answered is asked again: a result depends on the question alone,
so nothing but time is lost. A question that ends its worker time and again is given up.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from eznas.cluster.worker import Preparation, prepared_call
from eznas.errors import EznasError, first_line
from eznas.observer import RunObserver

Item = TypeVar("Item")
Result = TypeVar("Result")

_ASKED_AGAIN: Final = 3
"""How many times a question is asked again that ended its worker."""

_AHEAD: Final = 2
"""Questions that wait per worker: none is idle while an answer travels."""


@dataclass(frozen=True)
class Host:
    """One machine of a cluster: Ray's id of it, and how many workers it takes, one for each processor core."""

    node: str
    workers: int


class Cluster:
    """Workers on the machines of a Ray cluster.

    Args:
        ray: the module, connected.
        machines: at least one.
        preparation: of every worker.
        observer: is told of workers that were lost.
    """

    def __init__(self, ray: Any, machines: Sequence[Host], preparation: Preparation, observer: RunObserver) -> None:
        self.observer = observer
        self._ray = ray
        self._task = ray.remote(num_cpus=1, max_retries=_ASKED_AGAIN)(prepared_call)
        self._preparation = preparation
        # One of each machine in turn, so that few workers are spread over all of them.
        rounds = itertools.zip_longest(*([machine.node] * machine.workers for machine in machines))
        self._nodes = [node for one_round in rounds for node in one_round if node is not None]

    @property
    def workers(self) -> int:
        """How many there are."""
        return len(self._nodes)

    def shares(self, workers: int) -> list[float]:
        """Return what share of its machine each of the first workers has."""
        sharing = Counter(self._nodes[:workers])
        return [1 / sharing[node] for node in self._nodes[:workers]]

    def actor(self, worker: int, kind: type[Any], *arguments: Any) -> Any:
        """Start an object that lives in a process of its own, on the machine of a worker as long as that is there.

        Args:
            worker: from 0 to `workers` - 1.
            kind: its class, which takes a `Preparation` and the arguments.
            arguments: of its constructor.
        """
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        options = {
            # Not one: Ray would let an actor that lost its machine wait until another machine has a core to spare.
            "num_cpus": 0,
            "max_restarts": -1,
            "max_task_retries": _ASKED_AGAIN,
            "scheduling_strategy": NodeAffinitySchedulingStrategy(self._nodes[worker], soft=True),
        }
        return self._ray.remote(kind).options(**options).remote(self._preparation, *arguments)

    def end(self, actor: Any) -> None:
        """End an actor for good."""
        self._ray.kill(actor, no_restart=True)

    def put(self, value: Any) -> Any:
        """Return what stands for a value in questions; the value goes to each machine once."""
        return self._ray.put(value)

    def answers(self, asked: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Yield the answers to questions as they come, each with the position of its question.

        Raises:
            EznasError: what the worker raised, or the question ended its worker time and again.
        """
        position_of = {question: position for position, question in enumerate(asked)}
        waiting = list(asked)
        while waiting:
            (question,), waiting = self._ray.wait(waiting, num_returns=1)
            yield position_of[question], self._answer(question)

    def call(self, function: Callable[[Any, Item], Result], shared: Any, item: Item) -> Result:
        """Return `function(shared, item)`, computed by any worker; may be called in many threads at once.

        Args:
            function: as for `map`.
            shared: what `put` returned.
            item: what the call is about.

        Raises:
            EznasError: as for `map`.
        """
        answer: Result = self._answer(self._task.remote(self._preparation, function, shared, item))
        return answer

    def map(
        self, function: Callable[[Any, Item], Result], shared: Any, items: Iterable[Item]
    ) -> Iterator[tuple[int, Result]]:
        """Yield `function(shared, item)` for every item as it is there, with the position of the item.

        Args:
            function: of a module, so that a worker can import it.
            shared: what all calls need; it goes to each machine once.
            items: begun in their order.

        Raises:
            EznasError: what `function` raised, or an item ended its worker time and again.
        """
        common = self.put(shared)
        to_ask = enumerate(items)
        position_of: dict[Any, int] = {}

        def ask(count: int) -> None:
            for position, item in itertools.islice(to_ask, count):
                position_of[self._task.remote(self._preparation, function, common, item)] = position

        ask(_AHEAD * self.workers)
        try:
            while position_of:
                (question,), _ = self._ray.wait(list(position_of), num_returns=1)
                yield position_of.pop(question), self._answer(question)
                ask(1)
        finally:
            for question in position_of:
                self._ray.cancel(question)

    def _answer(self, question: Any) -> Any:
        errors = self._ray.exceptions
        try:
            return self._ray.get(question)
        except errors.RayError as error:
            if isinstance(error, errors.RayTaskError) and isinstance(error.cause, EznasError):
                raise error.cause from None
            if "No module named 'eznas" in str(error):
                raise EznasError(
                    "A machine of the Ray cluster lacks eznas: install the same version on all machines."
                ) from error
            if isinstance(error, errors.RayTaskError):
                raise
            raise EznasError(
                f"A worker of the Ray cluster was ended {_ASKED_AGAIN + 1} times by the same work "
                f"({first_line(error)}), perhaps because memory ran out: give it fewer threads or less memory, and run "
                "the same again."
            ) from error
