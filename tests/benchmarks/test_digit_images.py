import builtins

import numpy as np
import pytest

from eznas.benchmarks import digit_images
from eznas.benchmarks.digit_images import DigitRecipe, draw_digits, make_digit_images
from eznas.errors import EznasError

SMALL = DigitRecipe(train_images=40, test_images=30)


def test_the_recipe_determines_every_pixel():
    first, second, other = (make_digit_images(DigitRecipe(40, 30, seed)) for seed in (1, 1, 2))
    assert first.fingerprint() == second.fingerprint() != other.fingerprint()


def test_images_have_the_promised_type_shape_and_balance():
    images = make_digit_images(SMALL)
    assert images.x_train.shape == (40, SMALL.size, SMALL.size, 3)
    assert images.x_test.shape == (30, SMALL.size, SMALL.size, 3)
    assert images.x_train.dtype == np.uint8
    assert np.bincount(images.y_train).tolist() == [4] * 10
    assert np.bincount(images.y_test).tolist() == [3] * 10
    assert images.recipe["contrast"] == SMALL.contrast


def test_no_handwritten_digit_serves_both_training_and_test(monkeypatch):
    drawn = []

    def spy(glyphs, labels, count, recipe, rng):
        drawn.append({glyph.tobytes() for glyph in glyphs})
        return draw_digits(glyphs, labels, count, recipe, rng)

    monkeypatch.setattr(digit_images, "draw_digits", spy)
    make_digit_images(SMALL)
    train, test = drawn
    assert len(train) + len(test) > 1700
    assert not train & test


def test_an_untouched_digit_keeps_its_shape():
    recipe = DigitRecipe(size=8, scale=(1, 1), rotation=0, shift=0, clutter=0, contrast=1, noise=0)
    glyphs = np.random.default_rng(0).random((10, 8, 8), dtype=np.float32)
    images, classes = draw_digits(glyphs, np.arange(10), 10, recipe, np.random.default_rng(1))
    # With full contrast the paper is black and the ink white, so a pixel shows the ink alone.
    expected = (glyphs[classes] * 255).round()
    np.testing.assert_allclose(images, np.repeat(expected[..., None], 3, axis=-1), atol=1)


def test_a_quarter_turn_turns_the_digit():
    glyph = np.zeros((1, 8, 8), np.float32)
    glyph[0, 0, 2] = 1.0
    recipe = DigitRecipe(size=8, scale=(1, 1), rotation=0, shift=0)

    class AlwaysTheHighest:
        def uniform(self, low, high, shape):
            return np.full(shape, high)

    turned = digit_images._transformed(glyph, DigitRecipe(**{**vars(recipe), "rotation": 90.0}), AlwaysTheHighest())
    np.testing.assert_allclose(turned[0], np.rot90(glyph[0], k=-1), atol=1e-5)


def test_impossible_recipes_are_refused():
    with pytest.raises(EznasError, match="train_images is 0"):
        DigitRecipe(train_images=0)
    with pytest.raises(EznasError, match=r"contrast is 1\.5"):
        DigitRecipe(contrast=1.5)


def test_a_missing_scikit_learn_is_told_with_the_way_out(monkeypatch):
    real_import = builtins.__import__

    def without_sklearn(name, *arguments, **options):
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_sklearn)
    with pytest.raises(EznasError, match=r"pip install 'eznas\[train\]'"):
        make_digit_images(SMALL)
