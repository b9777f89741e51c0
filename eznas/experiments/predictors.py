"""What a user would do instead of evolving a proxy: train a predictor of accuracy on the same few networks.

Scikit-learn is loaded when a predictor is trained.
"""

from __future__ import annotations

import importlib
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from eznas.errors import EznasError

PredictorName = Literal["ridge", "forest"]

TREES: Final = 200
PENALTIES: Final = tuple(float(penalty) for penalty in np.logspace(-2, 4, 19))
"""Of ridge regression, on standardised columns; leave-one-out cross-validation chooses."""

_NEEDED: Final = (
    "Predictors need scikit-learn, which is not installed: run `pip install 'eznas[predictors]'`, or leave the methods "
    "with ridge and forest out."
)


def predicted(
    name: PredictorName,
    training: NDArray[np.float64],
    accuracies: NDArray[np.float64],
    other: NDArray[np.float64],
    seed: int,
) -> NDArray[np.float64]:
    """Train a predictor and return what it predicts for other networks: higher where a network should be better.

    What is learnt is the rank of a network among the training ones, as a normal score, since the ranking is all that
    counts and single networks that did not train at all would decide the fit of accuracies. One machine gives one
    result for one seed.

    Args:
        name: ridge regression with the penalty that leave-one-out cross-validation chooses, or a random forest.
        training: float64 (networks, numbers); a column with a NaN gets the column's median there.
        accuracies: float64 (networks,).
        other: float64 (other networks, numbers), the same columns.
        seed: of the forest.

    Returns:
        float64 (other networks,).

    Raises:
        EznasError: scikit-learn is not installed.
    """
    centre, scale = _centre_and_scale(training)
    inputs, questions = (np.nan_to_num((rows - centre) / scale) for rows in (training, other))
    target = norm.ppf((rankdata(accuracies) - 0.5) / len(accuracies))
    return np.asarray(_model(name, seed).fit(inputs, target).predict(questions), np.float64)


def signed_logarithm(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sign(v) log(1 + |v|): scores such as the number of parameters span orders of magnitude."""
    return np.sign(values) * np.log1p(np.abs(values))


def _model(name: PredictorName, seed: int) -> Any:
    try:
        module = importlib.import_module("sklearn.linear_model" if name == "ridge" else "sklearn.ensemble")
    except ImportError as error:
        raise EznasError(_NEEDED) from error
    if name == "ridge":
        return module.RidgeCV(alphas=PENALTIES)
    return module.RandomForestRegressor(n_estimators=TREES, max_features=1 / 3, random_state=seed)


def _centre_and_scale(columns: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the median and the standard deviation of each column, 0 and 1 where there are none."""
    known = np.isfinite(columns)
    centre, scale = np.zeros(columns.shape[1]), np.ones(columns.shape[1])
    for column in np.flatnonzero(known.any(axis=0)):
        values = columns[known[:, column], column]
        centre[column], deviation = np.median(values), values.std()
        scale[column] = deviation if deviation > 0 else 1.0
    return centre, scale
