"""Transmural posterolateral scar: pacing there seldom resynchronises."""

from __future__ import annotations

from dataclasses import dataclass

from resynchro.imaging.published_values import published_values
from resynchro.imaging.scar.transmurality import VIABLE_PCT
from resynchro.record.index_value import PublishedValue
from resynchro.record.scar import ScarMap
from resynchro.record.segments import SegmentModel, segment_name

#: "Posterolateral" in the names of 2002 is inferolateral at the base and mid-ventricle. Which numbers Bleeker and
#: colleagues meant their abstract does not say; these two are our choice.
POSTEROLATERAL: tuple[int, ...] = (5, 11)
#: Transmural scar here is told too, without the flag: the borders between walls are uncertain by half a segment.
POSTEROLATERAL_NEIGHBOURS: tuple[int, ...] = (4, 6, 10, 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class PosterolateralScar:
    """Whether there is transmural scar in the posterolateral wall.

    Attributes
    ----------
    flag
        True when the mean transmurality exceeds 50 % in segment 5 or 11; None when neither could be measured.
    segments
        Those of 5 and 11 whose mean transmurality exceeds 50 %.
    neighbours
        Those of 4, 6, 10 and 12 that do.
    only_in_places
        Those of 5 and 11 whose mean does not exceed 50 % but whose worst chord does.
    message
        The verdict in words.
    published
        Bleeker GB, et al. Circulation 2006;113:969-976, doi:10.1161/CIRCULATIONAHA.105.543678.
    """

    flag: bool | None
    segments: tuple[int, ...]
    neighbours: tuple[int, ...]
    only_in_places: tuple[int, ...]
    message: str
    published: tuple[PublishedValue, ...]


def posterolateral_scar(scar: ScarMap) -> PosterolateralScar:
    """Tell whether the posterolateral wall has transmural scar.

    Parameters
    ----------
    scar
        Scar per segment; segments 1 to 12 are the same in all three models.

    Returns
    -------
    PosterolateralScar

    References
    ----------
    Bleeker GB, et al. Circulation 2006;113:969-976, doi:10.1161/CIRCULATIONAHA.105.543678.
    """
    measured = [segment for segment in POSTEROLATERAL if segment in scar.segments]
    transmural = tuple(segment for segment in measured if scar.segments[segment].transmurality_mean_pct > VIABLE_PCT)
    beside = tuple(
        segment
        for segment in POSTEROLATERAL_NEIGHBOURS
        if segment in scar.segments and scar.segments[segment].transmurality_mean_pct > VIABLE_PCT
    )
    in_places = tuple(
        segment
        for segment in measured
        if segment not in transmural and (scar.segments[segment].transmurality_max_pct or 0.0) > VIABLE_PCT
    )
    flag = True if transmural else (False if len(measured) == len(POSTEROLATERAL) else None)
    return PosterolateralScar(
        flag=flag,
        segments=transmural,
        neighbours=beside,
        only_in_places=in_places,
        message=_message(flag, transmural, beside, in_places, scar.model),
        published=published_values("posterolateral_scar"),
    )


def _message(
    flag: bool | None,
    transmural: tuple[int, ...],
    beside: tuple[int, ...],
    in_places: tuple[int, ...],
    model: SegmentModel,
) -> str:
    def named(segments: tuple[int, ...]) -> str:
        return ", ".join(f"{segment} ({segment_name(segment, model)})" for segment in segments)

    if flag is None:
        return "posterolateral scar cannot be judged: segments 5 and 11 were not both measured"
    if transmural:
        words = (
            f"transmural posterolateral scar: more than {VIABLE_PCT:.0f} % of the thickness in segment "
            f"{named(transmural)}; with such scar 14 % responded to resynchronisation, without it 81 % (Bleeker 2006, "
            "40 patients)"
        )
    else:
        words = "no transmural posterolateral scar (segments 5 and 11)"
        if in_places:
            words += f", but more than half of the thickness in places of segment {named(in_places)}"
    return words + (f"; beside it, transmural scar in segment {named(beside)}" if beside else "")
