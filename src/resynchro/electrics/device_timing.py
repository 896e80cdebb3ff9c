"""What a device does in one beat: when it senses, which stimuli it delivers, and which of them capture.

The order of evaluation: intrinsic activation; when the ventricular electrodes see it; the schedule of stimuli;
inhibition (or a triggered stimulus) when it is seen before the first stimulus is due; then all fronts together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from resynchro.electrics.conduction import Chamber, Root
from resynchro.electrics.electrical_heart import (
    ElectricalHeart,
    FieldArray,
    NetworkState,
    Source,
    network_state,
    source_of,
)
from resynchro.electrics.programme import (
    ENDOCARDIAL_LATENCY_MS,
    EPICARDIAL_LATENCY_MS,
    Channel,
    Programme,
    Stimulus,
)
from resynchro.electrics.sites import Site
from resynchro.heart.mesh import FloatArray

#: Fronts closer than this are simultaneous [ms]: travel times are kept as 32-bit numbers.
_ROUNDING_MS = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A source that is released in this beat.

    Attributes
    ----------
    name
        Of the early site or the stimulus.
    kind
        ``intrinsic`` or ``stimulus``.
    stimulus
        Number of the stimulus, -1 for intrinsic sources.
    source
        Where.
    release_ms
        When, after the activation of the right atrium [ms].
    """

    name: str
    kind: Literal["intrinsic", "stimulus"]
    stimulus: int
    source: Source
    release_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StimulusOutcome:
    """What became of one stimulus.

    Attributes
    ----------
    site
        As programmed.
    channel
        Of the device.
    scheduled_ms
        When it is due or, delivered, when it is given [ms].
    delivered
        False when sensing inhibits it.
    captured
        Whether it activates muscle or conduction system before any other front arrives.
    pseudo_fusion
        Delivered, able to capture, but too late: another front had passed.
    release_ms
        When the front starts, latency and exit delay included [ms]; None without delivery or in scar.
    others_arrive_ms
        When the earliest other front reaches the place [ms]; None when none does.
    reason
        Why it does not capture; None when it does.
    """

    site: str
    channel: Channel
    scheduled_ms: float
    delivered: bool
    captured: bool
    pseudo_fusion: bool
    release_ms: float | None
    others_arrive_ms: float | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceBeat:
    """Everything that starts the ventricles in one beat.

    Attributes
    ----------
    state
        The medium.
    releases
        Intrinsic sources first.
    fields, rows
        Pre-solved fields of the medium and the row of each release.
    outcomes
        One per stimulus, in the order of the programme.
    sensed_ms
        When the device sees intrinsic activation [ms]; None when it would never.
    inhibited
        True when that inhibits pacing.
    """

    state: NetworkState
    releases: tuple[Release, ...]
    fields: FieldArray
    rows: NDArray[np.int64]
    outcomes: tuple[StimulusOutcome, ...]
    sensed_ms: float | None
    inhibited: bool


def device_beat(electrical: ElectricalHeart, programme: Programme) -> DeviceBeat:
    """Work out which sources fire when in one beat.

    Parameters
    ----------
    electrical
        The heart; fields that are missing are solved.
    programme
        Conduction and device.

    Returns
    -------
    DeviceBeat
        Without any release in complete block without pacing.
    """
    state = _state(programme)
    intrinsic = _intrinsic(electrical, programme)
    sensed_ms = _sensed_ms(electrical, state, intrinsic, programme)
    due_ms = programme.first_stimulus_ms
    seen = sensed_ms is not None and sensed_ms <= due_ms and bool(programme.stimuli)
    inhibited = seen and programme.trigger_ms is None
    if seen and sensed_ms is not None and programme.trigger_ms is not None:
        due_ms = sensed_ms + programme.trigger_ms
    given_ms = _schedule(programme, due_ms)
    paced: list[Release] = []
    for number, stimulus in enumerate(programme.stimuli):
        if not inhibited:
            paced += _releases_of(electrical, programme, stimulus, number, given_ms[number])
    releases = (*intrinsic, *paced)
    fields, rows = electrical.rows(state, [release.source for release in releases])
    arrivals = _arrivals(electrical, releases, fields, rows)
    outcomes = tuple(
        _outcome(electrical, stimulus, number, given_ms[number], inhibited, releases, arrivals)
        for number, stimulus in enumerate(programme.stimuli)
    )
    return DeviceBeat(
        state=state,
        releases=releases,
        fields=fields,
        rows=rows,
        outcomes=outcomes,
        sensed_ms=sensed_ms,
        inhibited=inhibited,
    )


def _state(programme: Programme) -> NetworkState:
    """Leads on the conduction system recruit networks below a block, and so does the left septum its own."""
    left = right = False
    for stimulus in programme.stimuli:
        word = stimulus.site.strip().lower()
        left |= word in ("lbb", "lv:septal-left") or (word == "his" and programme.his_corrects)
        right |= word == "his" and programme.his_corrects
    return network_state(programme.conduction, lv_recruited=left, rv_recruited=right)


def _intrinsic(electrical: ElectricalHeart, programme: Programme) -> list[Release]:
    given = programme.conduction
    return [
        Release(
            name=root.name,
            kind="intrinsic",
            stimulus=-1,
            source=electrical.root_source(root),
            release_ms=programme.intrinsic_ms + after_ms,
        )
        for root, after_ms in zip(given.roots, given.releases_ms(), strict=True)
    ]


def _sensed_ms(
    electrical: ElectricalHeart, state: NetworkState, intrinsic: Sequence[Release], programme: Programme
) -> float | None:
    if not intrinsic:
        return None
    names = programme.sensing or tuple(s.site for s in programme.stimuli if s.own_channel == "rv") or ("rv:apex",)
    fields, rows = electrical.rows(state, [release.source for release in intrinsic])
    nodes = np.array([electrical.site(name).node for name in names], dtype=np.int64)
    delays = np.array([release.release_ms for release in intrinsic])
    first_ms = float((fields[rows[:, None], nodes] + delays[:, None]).min())
    return first_ms if np.isfinite(first_ms) else None


def _schedule(programme: Programme, due_ms: float) -> list[float]:
    """Return when each stimulus is due [ms]: VV shifts the later channel, offsets follow their channel."""
    channels = {stimulus.own_channel for stimulus in programme.stimuli}
    late: dict[Channel, float] = {"rv": 0.0, "lv": 0.0}
    if len(channels) == 2:
        late = {"rv": max(0.0, -programme.vv_ms), "lv": max(0.0, programme.vv_ms)}
    return [due_ms + late[stimulus.own_channel] + stimulus.offset_ms for stimulus in programme.stimuli]


def _releases_of(
    electrical: ElectricalHeart, programme: Programme, stimulus: Stimulus, number: int, given_ms: float
) -> list[Release]:
    """Return the sources that a delivered stimulus releases; none in scar."""
    sources: list[tuple[Source, float]] = []
    place = electrical.site(stimulus.site)
    if stimulus.own_capture != "selective" and place.exclusion is None:
        sources.append((source_of(place), _latency_ms(stimulus, place) + stimulus.exit_delay_ms))
    if stimulus.own_capture != "myocardial":
        sources += _recruited(electrical, programme, stimulus)
    if stimulus.anode is not None:
        anode = electrical.site(stimulus.anode)
        if anode.exclusion is None:
            sources.append((source_of(anode), _usual_latency_ms(anode)))
    return [
        Release(name=stimulus.site, kind="stimulus", stimulus=number, source=source, release_ms=given_ms + after_ms)
        for source, after_ms in sources
    ]


def _latency_ms(stimulus: Stimulus, place: Site) -> float:
    return _usual_latency_ms(place) if stimulus.latency_ms is None else stimulus.latency_ms


def _usual_latency_ms(place: Site) -> float:
    return EPICARDIAL_LATENCY_MS if "epicardium" in place.layer else ENDOCARDIAL_LATENCY_MS


def _recruited(electrical: ElectricalHeart, programme: Programme, stimulus: Stimulus) -> list[tuple[Source, float]]:
    """Return the early sites that a lead on the conduction system reaches, with their times after the stimulus."""
    given = programme.conduction
    if stimulus.site.strip().lower() == "lbb":
        left = _after(given.all_roots, {"lv"}, programme.left_bundle_to_ventricle_ms)
        right = [] if programme.retrograde_ms is None else _after(given.all_roots, {"rv"}, programme.retrograde_ms)
        reached = left + right
    else:
        fed: set[Chamber] = {"lv", "rv"} if programme.his_corrects else {root.chamber for root in given.roots}
        reached = _after(given.all_roots, fed, programme.his_to_ventricle_ms)
    return [(electrical.root_source(root), after_ms) for root, after_ms in reached]


def _after(roots: Sequence[Root], chambers: set[Chamber], start_ms: float) -> list[tuple[Root, float]]:
    chosen = [root for root in roots if root.chamber in chambers]
    first_ms = min((root.early_ms for root in chosen), default=0.0)
    return [(root, start_ms + root.early_ms - first_ms) for root in chosen]


def _arrivals(
    electrical: ElectricalHeart, releases: Sequence[Release], fields: FieldArray, rows: NDArray[np.int64]
) -> FloatArray:
    """Return when the front of each release (row) reaches the place of each release (column) [ms]."""
    nodes = [electrical.travel_node(release.source) for release in releases]
    delays = np.array([release.release_ms for release in releases])
    return np.asarray(fields[rows[:, None], np.array(nodes, dtype=np.int64)] + delays[:, None], dtype=np.float64)


def _outcome(
    electrical: ElectricalHeart,
    stimulus: Stimulus,
    number: int,
    given_ms: float,
    inhibited: bool,
    releases: Sequence[Release],
    arrivals: FloatArray,
) -> StimulusOutcome:
    own = [k for k, release in enumerate(releases) if release.stimulus == number]
    others = [k for k, release in enumerate(releases) if release.stimulus != number]
    captured, release_ms, others_ms, reason = False, None, None, None
    if inhibited:
        reason = "inhibited: the device sensed intrinsic activation before the stimulus was due"
    elif not own:
        reason = electrical.site(stimulus.site).exclusion or "nothing to capture at this site"
    else:
        before = arrivals[others][:, own].min(axis=0) if others else np.full(len(own), np.inf)
        margin = before - np.array([releases[k].release_ms for k in own])
        best = int(np.argmax(margin))
        captured = bool(margin[best] >= -_ROUNDING_MS)
        release_ms = releases[own[best]].release_ms
        others_ms = float(before[best]) if np.isfinite(before[best]) else None
        if not captured:
            reason = f"pseudo-fusion: another front arrives {-margin[best]:.0f} ms before"
    return StimulusOutcome(
        site=stimulus.site,
        channel=stimulus.own_channel,
        scheduled_ms=given_ms,
        delivered=not inhibited,
        captured=captured,
        pseudo_fusion=bool(own) and not inhibited and not captured,
        release_ms=release_ms,
        others_arrive_ms=others_ms,
        reason=reason,
    )
