"""The frame of a chart as SVG: scales, ticks, and marks whose colours follow the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH, HEIGHT = 420, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 12, 10, 40
_MOST_TICKS: Final = 6


@dataclass(frozen=True)
class Scale:
    """From numbers to places.

    Attributes:
        low: the least number.
        high: the greatest one.
        ticks: numbers with a mark, and its text.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    @classmethod
    def of(cls, numbers: Iterable[float], *, integers: bool = False, include: Sequence[float] = ()) -> Scale:
        """Return a scale for numbers, with round ticks; those in `include` are within it as well."""
        finite = [number for number in (*numbers, *include) if math.isfinite(number)] or [0.0, 1.0]
        low, high = min(finite), max(finite)
        if high - low <= 1e-9 * max(abs(low), abs(high)):
            pad = 0.5 if integers or low == 0 else abs(low) / 2
            low, high = low - pad, high + pad
        step = _step((high - low) / _MOST_TICKS, integers=integers)
        margin = 0.04 * (high - low)
        first, last = math.ceil((low - margin) / step), math.floor((high + margin) / step)
        ticks = [number * step for number in range(first, last + 1)]
        return cls(low - margin, high + margin, tuple((tick, _tick_text(tick, step)) for tick in ticks))

    def share(self, number: float) -> float:
        """Return where a number lies, 0 at the low end and 1 at the high one."""
        return (number - self.low) / (self.high - self.low)


class Axes:
    """A chart in the making."""

    def __init__(self, x: Scale, y: Scale, x_label: str, y_label: str, height: int = HEIGHT) -> None:
        """Draw the frame.

        Args:
            x: across.
            y: upwards.
            x_label: stands below.
            y_label: stands above the axis, on the left.
            height: in pixels of the drawing.
        """
        self._x, self._y, self._height = x, y, height
        self._marks: list[str] = []
        bottom = height - _BOTTOM
        for tick, text in y.ticks:
            at = self.y(tick)
            self._marks.append(f'<path class="grid" d="M{_LEFT} {at:.1f}H{WIDTH - _RIGHT}"/>')
            self._marks.append(_label(_LEFT - 6, at + 4, text, "end", "tick"))
        for tick, text in x.ticks:
            at = self.x(tick)
            self._marks.append(f'<path class="axis" d="M{at:.1f} {bottom}v4"/>')
            self._marks.append(_label(at, bottom + 16, text, "middle", "tick"))
        self._marks.append(f'<path class="axis" d="M{_LEFT} {bottom}H{WIDTH - _RIGHT}"/>')
        self._marks.append(_label((_LEFT + WIDTH - _RIGHT) / 2, height - 6, x_label, "middle", "tick"))
        middle = (_TOP + bottom) / 2
        self._marks.append(
            f'<text class="tick" text-anchor="middle" transform="translate(11 {middle:.0f}) rotate(-90)">'
            f"{escape(y_label)}</text>"
        )

    def x(self, number: float) -> float:
        """Return the place of a number across."""
        return _LEFT + self._x.share(number) * (WIDTH - _LEFT - _RIGHT)

    def y(self, number: float) -> float:
        """Return the place of a number downwards."""
        return self._height - _BOTTOM - self._y.share(number) * (self._height - _TOP - _BOTTOM)

    def dots(
        self, points: Iterable[tuple[float, float, str]], colour: int, radius: float = 3.0, *, hollow: bool = False
    ) -> None:
        """Draw points, each with what the pointer shows of it."""
        kind = f"hollow line-{colour}" if hollow else f"dot fill-{colour}"
        for x, y, text in points:
            self._marks.append(
                f'<circle class="{kind}" cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="{radius}">'
                f"<title>{escape(text)}</title></circle>"
            )

    def line(
        self, points: Sequence[tuple[float, float]], colour: int, *, steps: bool = False, dashed: bool = False
    ) -> None:
        """Draw a line through points; with `steps`, it stays level up to each next point."""
        if not points:
            return
        path = f"M{self.x(points[0][0]):.1f} {self.y(points[0][1]):.1f}"
        for x, y in points[1:]:
            path += f"H{self.x(x):.1f}V{self.y(y):.1f}" if steps else f"L{self.x(x):.1f} {self.y(y):.1f}"
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        self._marks.append(f'<path class="stroke line-{colour}" d="{path}"{dashes}/>')

    def interval(self, x: float, low: float, high: float, colour: int) -> None:
        """Draw an upright interval."""
        self._marks.append(
            f'<path class="interval line-{colour}" d="M{self.x(x):.1f} {self.y(low):.1f}V{self.y(high):.1f}"/>'
        )

    def level(self, y: float, colour: int) -> None:
        """Draw a dashed line across the whole chart."""
        path = f"M{_LEFT} {self.y(y):.1f}H{WIDTH - _RIGHT}"
        self._marks.append(f'<path class="interval line-{colour}" stroke-dasharray="5 4" d="{path}"/>')

    def bar(self, x: float, width: float, y: float, colour: int, text: str) -> None:
        """Draw a bar from zero to `y` around `x`."""
        left, right = self.x(x - width / 2), self.x(x + width / 2)
        top, bottom = sorted((self.y(y), self.y(0.0)))
        self._marks.append(
            f'<rect class="fill-{colour}" x="{left:.1f}" y="{top:.1f}" width="{max(right - left, 0.6):.1f}" '
            f'height="{bottom - top:.1f}"><title>{escape(text)}</title></rect>'
        )

    def figure(self, title: str, description: str, caption: str, legend: Sequence[tuple[str, str]] = ()) -> str:
        """Return the chart.

        Args:
            title: stands above it.
            description: says what it shows to who cannot see it.
            caption: stands below it.
            legend: the class of each mark, such as `fill-1`, and what it stands for.
        """
        items = "".join(f'<li><span class="{mark}"></span>{escape(text)}</li>' for mark, text in legend)
        list_of_marks = f'<ul class="legend">{items}</ul>\n' if items else ""
        marks = "\n".join(self._marks)
        size = f'viewBox="0 0 {WIDTH} {self._height}"'
        return (
            f"<figure>\n<h3>{escape(title)}</h3>\n{list_of_marks}"
            f'<svg role="img" aria-label="{escape(description)}" {size}>\n{marks}\n</svg>\n'
            f"<figcaption>{escape(caption)}</figcaption>\n</figure>"
        )


def _label(x: float, y: float, text: str, anchor: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _step(rough: float, *, integers: bool) -> float:
    """Return the least round number that is not below `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough * (1 - 1e-9))
    return max(step, 1.0) if integers else step


def _tick_text(tick: float, step: float) -> str:
    if tick == 0:
        return "0"
    if abs(tick) >= 1e5 or abs(tick) < 1e-4:
        mantissa, _, exponent = f"{tick:.1e}".partition("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent)}".replace("-", "−")
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{tick:.{decimals}f}".replace("-", "−")
