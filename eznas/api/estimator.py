"""What the searches on a user's models have in common: arguments by name, and scores by the best proxy."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from eznas import seeds
from eznas.api.batch import Batch
from eznas.api.callbacks import Callback, Generation
from eznas.api.model_scores import score_models
from eznas.api.models import Models
from eznas.api.training_networks import checked_accuracies
from eznas.correlation.rank_correlation import kendall_tau
from eznas.errors import EznasError, shown
from eznas.options import Weights
from eznas.proxies import Proxy
from eznas.scoring.ties import rankable
from eznas.setting import did_you_mean


class NotFittedError(EznasError, AttributeError):
    """An attribute of a fit was asked for before there was one; an `AttributeError`, so that `hasattr` says so."""


class ProxyEstimator:
    """A search for a proxy in the manner of an estimator of scikit-learn; `fit` is that of its kind.

    Attributes:
        best_proxy_: the best proxy, which `eznas.score` and `eznas.rank` take.
    """

    fitted_names: ClassVar[tuple[str, ...]] = ("best_proxy_",)

    random_state: int
    weights: Weights
    device: str
    threads: int | None
    callbacks: Sequence[Callback]
    _inputs: Batch

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002  scikit-learn's signature
        """Return the arguments by name."""
        return {name: getattr(self, name) for name in self._argument_names()}

    def set_params(self, **arguments: Any) -> Self:
        """Change arguments.

        Raises:
            EznasError: there is no such argument.
        """
        for name, value in arguments.items():
            if name not in self._argument_names():
                raise EznasError(
                    f"{type(self).__name__} has no argument {name!r}{did_you_mean(name, self._argument_names())}."
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self)).parameters
        changed = {name: value for name, value in self.get_params().items() if value != defaults[name].default}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    def predict(self, models: Models, inputs: Batch | None = None) -> NDArray[np.float64]:
        """Return the scores of models by the best proxy, float64 (models,): higher is better, NaN where there is none.

        Args:
            models: as in `fit`.
            inputs: None for those of `fit`.

        Raises:
            EznasError: the search is not fitted.
        """
        proxy: Proxy = self.best_proxy_
        found = score_models(
            models,
            [proxy],
            self._inputs if inputs is None else inputs,
            targets=None,
            loss=None,
            seed=self.random_state,
            weights=self.weights,
            unit=proxy.unit,
            device=self.device,
            threads=self.threads,
        )
        turned: NDArray[np.float64] = proxy.orientation * found.scores.values[0] + 0.0  # no -0.0
        return turned

    def score(self, models: Models, accuracies: ArrayLike, inputs: Batch | None = None) -> float:
        """Return Kendall's tau-b between the scores of models and their accuracies; models without a score are last."""
        scores = rankable(self.predict(models, inputs), 1)
        return float(kendall_tau(scores, checked_accuracies(accuracies, len(scores))))

    def __getattr__(self, name: str) -> Any:
        # Reached only for what is not there: so attributes of a fit are, before it.
        if name in self.fitted_names:
            raise NotFittedError(
                f"This {type(self).__name__} has no {name} yet: call fit(models, accuracies, inputs) first."
            )
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def _check_arguments(self, settings: str) -> None:
        """Raise an `EznasError` where an argument that both estimators have is of another kind.

        Args:
            settings: which argument has further settings by name.
        """
        seeds.checked(self.random_state, "random_state")
        given = getattr(self, settings)
        if given is not None and not isinstance(given, Mapping):
            raise EznasError(f"{settings} is {shown(given)}: give a dictionary of settings, or None.")
        if not isinstance(self.callbacks, Sequence) or not all(map(callable, self.callbacks)):
            raise EznasError(f"callbacks is {shown(self.callbacks)}: give a list of functions.")

    def _told_to_end(self, generation: Generation) -> bool:
        """Call every callback, and return whether one of them ends the search."""
        answers = [callback(generation) for callback in self.callbacks]
        return any(answer is True for answer in answers)

    @contextmanager
    def _callbacks_closed_at_the_end(self) -> Iterator[None]:
        """Close the callbacks that can be closed when the block ends, however it does."""
        try:
            yield
        finally:
            for callback in self.callbacks:
                getattr(callback, "close", lambda: None)()

    @classmethod
    def _argument_names(cls) -> list[str]:
        return list(inspect.signature(cls).parameters)
