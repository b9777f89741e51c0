"""Hard little colour images made from scikit-learn's handwritten digits, so that a benchmark needs no download.

The plain 8x8 digits are too easy: nearly every network reaches 96 %, and training noise decides the ranking. Here a
digit is turned, scaled, moved and coloured at random, and lies among pieces of other digits, which spreads the
accuracies of small networks widely.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from eznas.benchmarks.image_set import ImageSet
from eznas.errors import EznasError

# One third of the handwritten digits is kept for the test images, so that no test digit was ever seen in training.
_TEST_SHARE = 1 / 3


@dataclass(frozen=True)
class DigitRecipe:
    """How the images are made; `seed` and these numbers determine every pixel.

    Attributes:
        train_images: number of training images.
        test_images: number of test images.
        seed: of the random generator that makes them.
        size: height and width of the canvas, in pixels.
        scale: smallest and largest height of the digit's 8x8 box, as a share of the canvas.
        rotation: largest turn to either side, in degrees.
        shift: largest move from the centre, as a share of the canvas.
        clutter: number of pieces of other digits.
        clutter_size: height and width of a piece, in pixels.
        contrast: how much brighter than the background the ink is at least, in each of red, green and blue, 0 to 1.
        noise: standard deviation of the pixel noise, for intensities from 0 to 1.
    """

    train_images: int = 500
    test_images: int = 1000
    seed: int = 0
    size: int = 16
    scale: tuple[float, float] = (0.6, 0.95)
    rotation: float = 20.0
    shift: float = 0.08
    clutter: int = 3
    clutter_size: int = 6
    contrast: float = 0.2
    noise: float = 0.08

    def __post_init__(self) -> None:
        for name in ("train_images", "test_images"):
            if getattr(self, name) < 1:
                raise EznasError(f"{name} is {getattr(self, name)}: give 1 or more.")
        if not 0 <= self.contrast <= 1:
            raise EznasError(f"contrast is {self.contrast}: give 0 to 1.")


def make_digit_images(recipe: DigitRecipe) -> ImageSet:
    """Make the training and test images of `recipe`, from disjoint sets of handwritten digits.

    Raises:
        EznasError: scikit-learn, which brings the handwritten digits, is not installed.
    """
    glyphs, labels = _handwritten_digits()
    rng = np.random.default_rng(recipe.seed)
    order = rng.permutation(len(glyphs))
    split = round(len(glyphs) * _TEST_SHARE)
    test, train = order[:split], order[split:]
    x_train, y_train = draw_digits(glyphs[train], labels[train], recipe.train_images, recipe, rng)
    x_test, y_test = draw_digits(glyphs[test], labels[test], recipe.test_images, recipe, rng)
    return ImageSet(x_train, y_train, x_test, y_test, recipe={"source": "digits", **asdict(recipe)})


def draw_digits(
    glyphs: NDArray[np.float32],
    labels: NDArray[np.int64],
    count: int,
    recipe: DigitRecipe,
    rng: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw `count` images with equally many of each class (give or take one), in random order.

    Args:
        glyphs: handwritten digits, ink from 0 to 1, (glyphs, 8, 8).
        labels: their classes, 0 to 9, (glyphs,).
        count: number of images to make.
        recipe: how to make them.
        rng: source of all randomness.

    Returns:
        uint8 images (count, size, size, 3) and their classes (count,).
    """
    classes = rng.permutation(np.arange(count) % 10)
    by_class = [np.flatnonzero(labels == digit) for digit in range(10)]
    chosen = np.array([rng.choice(by_class[digit]) for digit in classes], dtype=np.int64)

    ink = _transformed(glyphs[chosen], recipe, rng)
    darkest_ink, brightest_paper = 0.5 + recipe.contrast / 2, 0.5 - recipe.contrast / 2
    background = _colours(count, 0.0, brightest_paper, rng)
    canvas = np.broadcast_to(background[:, None, None], (count, recipe.size, recipe.size, 3)).astype(np.float32)
    for _ in range(recipe.clutter):
        canvas = _blend(canvas, _clutter_ink(glyphs, count, recipe, rng), _colours(count, darkest_ink, 1.0, rng))
    canvas = _blend(canvas, ink, _colours(count, darkest_ink, 1.0, rng))
    canvas += rng.normal(0.0, recipe.noise, canvas.shape).astype(np.float32)
    return (np.clip(canvas, 0.0, 1.0) * 255.0).round().astype(np.uint8), classes.astype(np.int64)


def _handwritten_digits() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise EznasError(
            "The digit images are made from scikit-learn's handwritten digits, and scikit-learn is not installed: "
            "run pip install 'eznas[train]'."
        ) from error
    digits = load_digits()
    return (digits.images / 16.0).astype(np.float32), digits.target.astype(np.int64)


def _transformed(glyphs: NDArray[np.float32], recipe: DigitRecipe, rng: np.random.Generator) -> NDArray[np.float32]:
    """Place each glyph (count, 8, 8) on a canvas, turned, scaled and moved: ink (count, size, size)."""
    count = len(glyphs)
    angle = np.radians(rng.uniform(-recipe.rotation, recipe.rotation, count))
    pixels_per_cell = rng.uniform(*recipe.scale, count) * recipe.size / 8
    move = rng.uniform(-recipe.shift, recipe.shift, (count, 2)) * recipe.size

    # Each canvas pixel is mapped back into the glyph's own coordinates.
    grid = np.stack(np.meshgrid(*[np.arange(recipe.size)] * 2, indexing="ij"), axis=-1) - (recipe.size - 1) / 2
    offset = grid[None] - move[:, None, None]  # (count, size, size, 2)
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    step = pixels_per_cell[:, None, None]
    row = (cos * offset[..., 0] - sin * offset[..., 1]) / step + 3.5
    column = (sin * offset[..., 0] + cos * offset[..., 1]) / step + 3.5
    return _bilinear(glyphs, row, column)


def _bilinear(
    glyphs: NDArray[np.float32], row: NDArray[np.float64], column: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Sample each glyph at its own fractional coordinates; outside there is no ink."""
    padded = np.pad(glyphs, ((0, 0), (1, 2), (1, 2)))
    row, column = np.clip(row, -1.0, 8.0) + 1.0, np.clip(column, -1.0, 8.0) + 1.0
    top, left = row.astype(np.int64), column.astype(np.int64)
    down, right = row - top, column - left
    which = np.arange(len(glyphs))[:, None, None]
    upper = padded[which, top, left] * (1 - right) + padded[which, top, left + 1] * right
    lower = padded[which, top + 1, left] * (1 - right) + padded[which, top + 1, left + 1] * right
    ink: NDArray[np.float32] = (upper * (1 - down) + lower * down).astype(np.float32)
    return ink


def _clutter_ink(
    glyphs: NDArray[np.float32], count: int, recipe: DigitRecipe, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Keep a small random window of another transformed digit per image: ink (count, size, size)."""
    ink = _transformed(glyphs[rng.integers(len(glyphs), size=count)], recipe, rng)
    corner = rng.integers(0, recipe.size - recipe.clutter_size + 1, size=(count, 2))
    position = np.arange(recipe.size)
    inside = (position >= corner[..., None]) & (position < corner[..., None] + recipe.clutter_size)
    return ink * inside[:, 0, :, None] * inside[:, 1, None, :]


def _colours(count: int, least: float, most: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return random colours (count, 3), each of red, green and blue from `least` to `most`."""
    return rng.uniform(least, most, (count, 3)).astype(np.float32)


def _blend(canvas: NDArray[np.float32], ink: NDArray[np.float32], colour: NDArray[np.float32]) -> NDArray[np.float32]:
    opacity = ink[..., None]
    return canvas * (1 - opacity) + colour[:, None, None] * opacity
