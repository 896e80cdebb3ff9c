"""The line with frame rate and beat markers that EchoPAC writes above its trace exports."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from resynchro.errors import InputError
from resynchro.record.finding import Finding

_NUMBER: Final = r"\s*=\s*([0-9]+(?:[.,][0-9]+)?)"
_FRAME_RATE: Final = re.compile(r"\bFR" + _NUMBER)
_MARKER: Final = {name: re.compile(name + " Time" + _NUMBER) for name in ("Left Marker", "Right Marker", "ES")}
_FRAME_RATE_RANGE: Final = (5.0, 2000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatMarkers:
    """Frame rate [per s] and the times of the left and right marker and of "ES" [s]; the last may be missing."""

    frame_rate_per_s: float
    left_s: float
    right_s: float
    es_s: float | None

    @property
    def rows(self) -> tuple[int, int]:
        """Row (from 0) of the left and the right marker: time x frame rate, rounded."""
        return round(self.left_s * self.frame_rate_per_s), round(self.right_s * self.frame_rate_per_s)

    @property
    def beat_s(self) -> float:
        """Time between the markers [s]."""
        return self.right_s - self.left_s


def beat_markers(line: str, what: str) -> BeatMarkers:
    """Read the line.

    Raises
    ------
    InputError
        When frame rate or a marker is missing, or the markers are out of order.
    """
    rate = _FRAME_RATE.search(line)
    times = {name: pattern.search(line) for name, pattern in _MARKER.items()}
    left, right, es = times["Left Marker"], times["Right Marker"], times["ES"]
    if rate is None or left is None or right is None:
        raise InputError(
            f"{what}: frame rate or marker times are missing (a line 'FR= .. Left Marker Time=.. Right Marker Time=..' "
            "is needed); set the markers at QRS onset of two beats and export again"
        )
    markers = BeatMarkers(
        frame_rate_per_s=_number(rate),
        left_s=_number(left),
        right_s=_number(right),
        es_s=None if es is None else _number(es),
    )
    low, high = _FRAME_RATE_RANGE
    if not low <= markers.frame_rate_per_s <= high:
        raise InputError(
            f"{what}: the frame rate must lie in [{low:g}, {high:g}] per s, got {markers.frame_rate_per_s:g}"
        )
    if not markers.left_s < markers.right_s <= 100.0:
        raise InputError(
            f"{what}: the left marker ({markers.left_s:g} s) must lie before the right one ({markers.right_s:g} s); "
            "set the markers at QRS onset of two beats and export again"
        )
    return markers


def es_finding(markers: BeatMarkers, where: str) -> tuple[Finding, ...]:
    """Say that the "ES Time" of the header was not taken as aortic valve closure."""
    if markers.es_s is None:
        return ()
    return (
        Finding(
            code="es-time-not-avc",
            message=f"{where}: the ES time of the header, {1000 * (markers.es_s - markers.left_s):.0f} ms after the "
            "left marker, is not used as aortic valve closure: in files with both it lay 0.12 to 0.42 s earlier",
        ),
    )


def _number(match: re.Match[str]) -> float:
    return float(match.group(1).replace(",", "."))
