"""Line charts as SVG."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from .scenarios import OUTAGES, WINDOW_S, Results

_WIDTH, _HEIGHT = 400, 220
_LEFT, _TOP, _RIGHT, _BOTTOM = 62, 34, 14, 30
_BEFORE, _NOW, _GRAY = "#d97706", "#2563eb", "#6b7280"
_LIMIT = 1 / 30

# A title, what is written below the ends of the axis, and the shares of all homes before and now.
type _Chart = tuple[str, str, str, Sequence[float], Sequence[float]]


def write_pictures(before: Results, now: Results, folder: Path) -> None:
    """Write all pictures."""
    old, new = before.scenarios, now.scenarios
    outages: list[_Chart] = [
        (outage.title, "0 s", f"{WINDOW_S} s", old[key].series, new[key].series) for key, outage in OUTAGES.items()
    ]
    later: list[_Chart] = [
        ("A day after the restart", "24 h", "25 h", old["restart"].day_series, new["restart"].day_series),
        ("Token renewals, after all logged in", "0", "4 days", old["tokens"].series, new["tokens"].series),
    ]
    for name, charts in (("outages", outages), ("later", later)):
        (folder / f"scale-{name}.svg").write_text("\n".join(_document(charts)), encoding="utf-8")


def _document(charts: Sequence[_Chart]) -> Iterator[str]:
    """Yield the lines of a picture with two charts in each row, and a legend."""
    height = len(charts) // 2 * _HEIGHT + 24
    size = f'width="{2 * _WIDTH}" height="{height}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11" fill="none">'
    yield '<rect width="100%" height="100%" fill="#fff"/>'
    yield f'<text x="{_LEFT}" y="{height - 8}" fill="{_BEFORE}">before</text>'
    yield f'<text x="{_LEFT + 50}" y="{height - 8}" fill="{_NOW}">now</text>'
    yield _text(_LEFT + 90, height - 8, "start", "homes per second, of a million")
    for number, chart in enumerate(charts):
        yield f'<g transform="translate({number % 2 * _WIDTH + _LEFT},{number // 2 * _HEIGHT + _TOP})">'
        yield from _chart(*chart)
        yield "</g>"
    yield "</svg>\n"


def _chart(title: str, start: str, end: str, before: Sequence[float], now: Sequence[float]) -> Iterator[str]:
    highest = max(*before, *now) * 1.05
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    yield _text(0, -14, "start", title)
    yield _text(-6, 8, "end", f"{highest * 1e6:,.0f}")
    yield _text(-6, height, "end", "0")
    yield _text(0, height + 18, "start", start)
    yield _text(width, height + 18, "end", end)
    yield f'<path d="M0,0V{height}H{width}" stroke="{_GRAY}"/>'
    if highest > _LIMIT:
        y = height * (1 - _LIMIT / highest)
        yield f'<path d="M0,{y:.4g}H{width}" stroke="{_GRAY}" stroke-dasharray="4"/>'
        yield _text(width, y - 4, "end", "1/30 of the homes")
    for values, color in ((before, _BEFORE), (now, _NOW)):
        points = (f"{at * width / len(values):.4g},{height * (1 - y / highest):.4g}" for at, y in enumerate(values))
        yield f'<path d="M{" ".join(points)}" stroke="{color}"/>'


def _text(x: float, y: float, anchor: str, text: str) -> str:
    return f'<text x="{x:.4g}" y="{y:.4g}" text-anchor="{anchor}" fill="{_GRAY}">{text}</text>'
