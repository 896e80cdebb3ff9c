"""The case: one patient and their visits, as one folder tells it."""

from __future__ import annotations

from dataclasses import dataclass

from resynchro.record.device import Device
from resynchro.record.finding import Finding
from resynchro.record.patient import NyhaClass, Patient
from resynchro.record.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything known about one patient.

    Attributes
    ----------
    id
        Pseudonym of the patient.
    visits
        At least one, in order of their dates.
    folder
        The case folder as the user gave it; the files of the visits are relative to it.
    findings
        What does not fit together between the parts of the case; findings about one ECG stay with its record.
    """

    id: str
    patient: Patient
    visits: tuple[Visit, ...]
    folder: str
    findings: tuple[Finding, ...] = ()

    @property
    def baseline(self) -> Visit | None:
        """The last visit of role ``baseline``, or None."""
        return next((visit for visit in reversed(self.visits) if visit.role == "baseline"), None)

    @property
    def implant(self) -> Visit | None:
        """The last visit of role ``implant``, or None."""
        return next((visit for visit in reversed(self.visits) if visit.role == "implant"), None)

    @property
    def baseline_lvef_pct(self) -> float | None:
        """LVEF of the baseline visit, else the one of the patient [%]."""
        visit = self.baseline
        return self.patient.lvef_pct if visit is None or visit.lvef_pct is None else visit.lvef_pct

    @property
    def baseline_nyha(self) -> NyhaClass | None:
        """NYHA class of the baseline visit, else the one of the patient."""
        visit = self.baseline
        return self.patient.nyha if visit is None or visit.nyha is None else visit.nyha

    @property
    def existing_device(self) -> Device | None:
        """The device that the patient came with, named at the baseline visit; None where nothing is said."""
        return None if self.baseline is None else self.baseline.device
