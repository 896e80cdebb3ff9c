"""What is programmed and what conducts in one beat: leads, delays, atrial event, intrinsic conduction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from resynchro.electrics.conduction import Conduction, conduction
from resynchro.errors import InputError

Channel = Literal["rv", "lv"]
#: What a stimulus captures: muscle alone, the conduction system alone, or both.
Capture = Literal["myocardial", "selective", "non-selective"]

#: From stimulus to activation of the muscle around the electrode [ms]: half of what the surface ECG shows from stimulus
#: to QRS at three times the threshold, 29 +- 15 at the LV and 15 +- 8 ms at the RV apex (Herweg B et al. 2010,
#: abstract); the other half is the way to a visible QRS (design choice). Endocardial LV leads count as those of the RV.
EPICARDIAL_LATENCY_MS, ENDOCARDIAL_LATENCY_MS = 15.0, 7.5
#: From a stimulus at the bundle of His to the first early site [ms]: the HV interval, 35 to 55 normally (unverified).
HIS_TO_VENTRICLE_MS = 45.0
#: From a stimulus at the left bundle to its first early site [ms]: potential to ventricle, 20 to 30 (unverified).
LEFT_BUNDLE_TO_VENTRICLE_MS = 25.0
LARGEST_VV_MS, AV_RANGE_MS, PR_RANGE_MS = 150.0, (0.0, 500.0), (60.0, 600.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stimulus:
    """One pacing electrode.

    Attributes
    ----------
    site
        Name, see `resynchro.electrics.sites.site`.
    channel
        Output of the device that paces it. None: ``lv`` for sites of the LV, ``rv`` for RV, His, left bundle and left
        septum, whose leads come from the right side.
    offset_ms
        After the stimulus of its channel, for multi-point pacing [ms].
    latency_ms
        From stimulus to activation of the muscle around the electrode [ms]; None takes the usual one of the layer.
    exit_delay_ms
        More of it, for exit block out of diseased tissue [ms].
    capture
        None: ``non-selective`` for ``his`` and ``lbb``, ``myocardial`` elsewhere.
    anode
        Site of an electrode that captures as anode at the same time, for example ``rv:septum``.
    """

    site: str
    channel: Channel | None = None
    offset_ms: float = 0.0
    latency_ms: float | None = None
    exit_delay_ms: float = 0.0
    capture: Capture | None = None
    anode: str | None = None

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("offset_ms", self.offset_ms, 0.0, 150.0),
            ("latency_ms", self.latency_ms, 0.0, 200.0),
            ("exit_delay_ms", self.exit_delay_ms, 0.0, 300.0),
        ):
            if value is not None and not low <= value <= high:
                raise InputError(f"{name} of {self.site} must lie in [{low:g}, {high:g}] ms, got {value:g}")
        system = self.site.strip().lower() in ("his", "lbb")
        if self.capture in ("selective", "non-selective") and not system:
            raise InputError(f"{self.site} captures muscle only; {self.capture} capture is for his and lbb")

    @property
    def own_channel(self) -> Channel:
        """The channel, by the site where none is given."""
        word = self.site.strip().lower()
        if self.channel is not None:
            return self.channel
        return "rv" if word.startswith("rv:") or word in ("his", "lbb", "lv:septal-left") else "lv"

    @property
    def own_capture(self) -> Capture:
        """The kind of capture, by the site where none is given."""
        if self.capture is not None:
            return self.capture
        return "non-selective" if self.site.strip().lower() in ("his", "lbb") else "myocardial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """One beat: intrinsic conduction and what the device does.

    Time 0 is the activation of the right atrium.

    Attributes
    ----------
    conduction
        Intrinsic conduction; LBBB by default.
    pr_ms
        From the activation of the right atrium to the first early site in sinus rhythm [ms]. The default is usual in
        LBBB (mean PR 172, 185 and 225 ms with HV < 50, 50 to 60 and > 60 ms, 57 patients, abstract).
    stimuli
        Ventricular electrodes; none for an intrinsic beat.
    av_ms
        Programmed delay from the atrial event to the first ventricular stimulus [ms].
    vv_ms
        LV minus RV channel: negative, LV first [ms]. Of account when both channels pace.
    atrial
        The atrial event: ``sensed`` or ``paced``.
    atrial_sensing_ms
        From activation of the right atrium until the device senses it [ms].
    atrial_capture_ms
        From an atrial stimulus to activation of the right atrium [ms].
    pr_paced_extra_ms
        By how much an atrial stimulus prolongs PR [ms].
    trigger_ms
        With sensing of the RV within the AV delay, stimuli are given so long after it [ms]; None: they are inhibited.
    sensing
        Ventricular sites where the device senses; none: the sites of the RV channel, without them the RV apex.
    his_to_ventricle_ms, left_bundle_to_ventricle_ms
        From a stimulus there to the first early site it recruits [ms].
    his_corrects
        Whether pacing at the bundle of His overcomes a bundle branch block.
    retrograde_ms
        From a left-bundle stimulus back over the bundle of His to the early sites of the RV [ms]; None: not conducted.
    """

    conduction: Conduction = field(default_factory=lambda: conduction("lbbb"))
    pr_ms: float = 185.0
    stimuli: tuple[Stimulus, ...] = ()
    av_ms: float = 120.0
    vv_ms: float = 0.0
    atrial: Literal["sensed", "paced"] = "sensed"
    atrial_sensing_ms: float = 0.0
    atrial_capture_ms: float = 0.0
    pr_paced_extra_ms: float = 0.0
    trigger_ms: float | None = None
    sensing: tuple[str, ...] = ()
    his_to_ventricle_ms: float = HIS_TO_VENTRICLE_MS
    left_bundle_to_ventricle_ms: float = LEFT_BUNDLE_TO_VENTRICLE_MS
    his_corrects: bool = True
    retrograde_ms: float | None = None

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("pr_ms", self.pr_ms, *PR_RANGE_MS),
            ("av_ms", self.av_ms, *AV_RANGE_MS),
            ("vv_ms", self.vv_ms, -LARGEST_VV_MS, LARGEST_VV_MS),
            ("atrial_sensing_ms", self.atrial_sensing_ms, 0.0, 150.0),
            ("atrial_capture_ms", self.atrial_capture_ms, 0.0, 150.0),
            ("pr_paced_extra_ms", self.pr_paced_extra_ms, -100.0, 300.0),
            ("trigger_ms", self.trigger_ms, 0.0, 100.0),
            ("his_to_ventricle_ms", self.his_to_ventricle_ms, 0.0, 200.0),
            ("left_bundle_to_ventricle_ms", self.left_bundle_to_ventricle_ms, 0.0, 200.0),
            ("retrograde_ms", self.retrograde_ms, 0.0, 300.0),
        ):
            if value is not None and not low <= value <= high:
                raise InputError(f"{name} must lie in [{low:g}, {high:g}] ms, got {value:g}")

    @property
    def intrinsic_ms(self) -> float:
        """When the first early site fires by intrinsic conduction [ms]."""
        return self.pr_ms + (self.pr_paced_extra_ms if self.atrial == "paced" else 0.0)

    @property
    def first_stimulus_ms(self) -> float:
        """When the first ventricular stimulus is due [ms]."""
        if self.atrial == "sensed":
            return self.atrial_sensing_ms + self.av_ms
        return self.av_ms - self.atrial_capture_ms
