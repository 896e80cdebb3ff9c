"""The published definitions of conduction disturbances, as data.

A definition is a list of criteria; a criterion is a table of tests: in each of its leads one row suffices,
and every test of that row must hold. What the sources leave open is fixed here, by name, and said so in the
criterion's text: "broad" R, "normal" R-peak time in V1 to V3, how small a last r' in V1 is no longer a
second R.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from resynchro.ecg.conduction_verdict import Outcome, Provenance
from resynchro.record.ecg import Sex

#: "Broad" R: no definition gives a number. Here the R is at least this wide at half of its height [ms], one
#: small square of ECG paper. Own choice: on LUDB's odd records clear LBBB has 50 ms and more, a wide QRS
#: with a slow foot on a slim R about 25 to 35 ms; a share of the QRS duration does not tell these apart.
BROAD_R_MS = 40.0
#: "Normal" R-peak time in V1 to V3 [ms]: the AHA/ACCF/HRS text calls more than 50 ms in V1 delayed.
NORMAL_V1_PEAK_MS = 50.0
#: QS or rS: a last r' up to this share of the S does not count as a second R [%]. Own choice: an overshoot
#: into the elevated ST segment of V1 must not void the pattern.
TOLERATED_LATE_R_PCT = 10.0
#: A q below this counts as absent [mV]; own choice: half a small square, the least a reader sees on paper.
ABSENT_Q_MV = 0.05
#: Least r' of rsr' and its relatives in V1 and V2 [mV]; own choice, 0.5 mm on paper.
SECOND_R_MV = 0.05

Relation = Literal[">", ">=", "<", "<="]
#: How many leads must meet a criterion.
Quantifier = Literal["all", "any", "two", "two contiguous"]
CONTIGUOUS_LEADS: tuple[tuple[str, str], ...] = (("V1", "V2"), ("V5", "V6"), ("I", "aVL"))


@dataclass(frozen=True, slots=True)
class Test:
    """A measure against a limit; `absent` is the outcome where the wave it needs does not exist."""

    __test__ = False  # not a pytest class

    measure: str
    relation: Relation
    limit: float
    absent: Outcome = "not met"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One criterion: in `quantifier` of the `leads`, all tests of any one row hold."""

    key: str
    text: str
    rows: tuple[tuple[Test, ...], ...]
    leads: tuple[str, ...] = ()
    quantifier: Quantifier = "all"
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One published definition; `excludes` names definitions that must not be met."""

    key: str
    title: str
    source: str
    provenance: Provenance
    criteria: tuple[Criterion, ...]
    excludes: tuple[str, ...] = ()


_VAN_STIPDONK = "as tabulated in van Stipdonk, Simplicity is Key in CRT (thesis), p. 45"
_AHA = "Surawicz B et al. AHA/ACCF/HRS 2009, doi:10.1161/CIRCULATIONAHA.108.191095"
_STRAUSS = "Strauss DG et al. Am J Cardiol 2011;107:927, doi:10.1016/j.amjcard.2010.11.010"
_LATERAL = ("I", "aVL", "V5", "V6")
_NOTCHED_LEADS = ("V1", "V2", "V5", "V6", "I", "aVL")


def _qrs_at_least(limit_ms: float) -> Criterion:
    return Criterion(
        key="qrs_duration",
        text=f"QRS duration at least {limit_ms:.0f} ms",
        rows=((Test("qrs_ms", ">=", limit_ms),),),
    )


def _qrs_110_to_119() -> Criterion:
    return Criterion(
        key="qrs_duration",
        text="QRS duration 110 to 119 ms",
        rows=((Test("qrs_ms", ">=", 110.0), Test("qrs_ms", "<", 120.0)),),
    )


def _qrs_below_120() -> Criterion:
    return Criterion(key="qrs_duration", text="QRS duration below 120 ms", rows=((Test("qrs_ms", "<", 120.0),),))


def _qs_or_rs(*leads: str) -> Criterion:
    return Criterion(
        key="qs_or_rs",
        text=f"QS or rS in {' and '.join(leads)} (r smaller than S, last r' at most a tenth of S)",
        leads=leads,
        rows=((Test("s_minus_r_mv", ">", 0.0), Test("late_r_pct", "<=", TOLERATED_LATE_R_PCT, absent="met")),),
    )


def _no_q(*leads: str) -> Criterion:
    return Criterion(
        key="no_q",
        text=f"No q in {', '.join(leads)}",
        leads=leads,
        rows=((Test("q_mv", "<", ABSENT_Q_MV, absent="met"),),),
    )


def _delayed_peak(*leads: str) -> Criterion:
    return Criterion(
        key="r_peak_time",
        text=f"R-peak time above 60 ms in {', '.join(leads)}",
        leads=leads,
        rows=((Test("r_peak_time_ms", ">", 60.0),),),
    )


def _mid_qrs(quantifier: Quantifier) -> Criterion:
    return Criterion(
        key="mid_qrs_notch",
        text=f"Mid-QRS notch or slur in {quantifier} of V1, V2, V5, V6, I, aVL (begins after 40 ms and"
        " before half, ends before two thirds of the QRS; the last two limits unverified)",
        leads=_NOTCHED_LEADS,
        quantifier=quantifier,
        rows=((Test("mid_qrs_notches", ">=", 1.0),),),
    )


_BROAD_R_ANY = Criterion(
    key="broad_r",
    text="Broad R in I, aVL, V5 or V6 (at least 40 ms wide at half height; the definition gives no number)",
    leads=_LATERAL,
    quantifier="any",
    rows=((Test("r_half_width_ms", ">=", BROAD_R_MS),),),
)
_NOTCHED_R_USUAL = Criterion(
    key="notched_r",
    text="R frequently notched or slurred in I, aVL, V5 or V6",
    leads=_LATERAL,
    quantifier="any",
    required=False,
    rows=((Test("r_notches", ">=", 1.0),),),
)
_DISCORDANT_T = Criterion(
    key="discordant_st_t",
    text="ST-T usually opposite to the QRS in I, aVL, V5, V6",
    leads=_LATERAL,
    required=False,
    rows=((Test("t_discordance_mv", ">", 0.0),),),
)
_RBBB_SHAPE = (
    Criterion(
        key="second_r",
        text="rsr', rsR', rSR' or Qr in V1 or V2, or a wide R there (40 ms at half height, late peak)",
        leads=("V1", "V2"),
        quantifier="any",
        rows=(
            (Test("second_r_mv", ">=", SECOND_R_MV),),
            (
                Test("r_half_width_ms", ">=", BROAD_R_MS),
                Test("s_minus_r_mv", "<", 0.0, absent="met"),
                Test("r_peak_time_ms", ">", NORMAL_V1_PEAK_MS),
            ),
        ),
    ),
    Criterion(
        key="wide_s",
        text="S longer than R, or longer than 40 ms, in I and V6",
        leads=("I", "V6"),
        rows=((Test("s_minus_r_ms", ">", 0.0),), (Test("s_ms", ">", 40.0),)),
    ),
    Criterion(
        key="late_v1_peak",
        text="R-peak time above 50 ms in V1",
        leads=("V1",),
        required=False,
        rows=((Test("r_peak_time_ms", ">", NORMAL_V1_PEAK_MS),),),
    ),
    Criterion(
        key="normal_lateral_peak",
        text="R-peak time normal (at most 60 ms) in V5 and V6",
        leads=("V5", "V6"),
        required=False,
        rows=((Test("r_peak_time_ms", "<=", 60.0),),),
    ),
)

AHA_LBBB = Definition(
    key="lbbb_aha_2009",
    title="LBBB, AHA/ACCF/HRS 2009",
    source=f"{_AHA}, {_VAN_STIPDONK}",
    provenance="secondary",
    criteria=(
        _qrs_at_least(120.0),
        Criterion(
            key="broad_notched_r",
            text="Broad (40 ms at half height), notched or slurred R in I, aVL, V5, V6 (RS in V5, V6 passes)",
            leads=_LATERAL,
            rows=(
                (Test("r_half_width_ms", ">=", BROAD_R_MS), Test("r_notches", ">=", 1.0)),
                (Test("rs_in_v5_v6", ">=", 1.0),),
            ),
        ),
        _no_q("I", "V5", "V6"),
        _delayed_peak("V5", "V6"),
        Criterion(
            key="normal_v1_v3_peak",
            text="R-peak time normal (at most 50 ms) in V1 to V3 where an r is discernible",
            leads=("V1", "V2", "V3"),
            rows=((Test("first_r_peak_time_ms", "<=", NORMAL_V1_PEAK_MS, absent="met"),),),
        ),
        _DISCORDANT_T,
    ),
)
ESC_2013_LBBB = Definition(
    key="lbbb_esc_2013",
    title="LBBB, ESC 2013 (as REVERSE)",
    source=_VAN_STIPDONK,
    provenance="secondary",
    criteria=(_qrs_at_least(120.0), _qs_or_rs("V1"), _BROAD_R_ANY, _no_q("V5", "V6"), _NOTCHED_R_USUAL),
)
MADIT_LBBB = Definition(
    key="lbbb_madit_crt",
    title="LBBB, MADIT-CRT",
    source=_VAN_STIPDONK,
    provenance="secondary",
    criteria=(_qrs_at_least(130.0), _qs_or_rs("V1"), _BROAD_R_ANY, _no_q("V5", "V6"), _NOTCHED_R_USUAL),
)
ESC_2021_LBBB = Definition(
    key="lbbb_esc_2021",
    title="LBBB, ESC 2021",
    source="ESC 2021 guideline on cardiac pacing, recalled, not checked against the document",
    provenance="unverified",
    criteria=(
        _qrs_at_least(120.0),
        _qs_or_rs("V1"),
        Criterion(
            key="mid_qrs_notch",
            text="Notch or slur in the middle third of the QRS in two of V1, V2, V5, V6, I, aVL",
            leads=_NOTCHED_LEADS,
            quantifier="two",
            rows=((Test("middle_third_notches", ">=", 1.0),),),
        ),
        _delayed_peak("V5", "V6"),
        Criterion(
            key="discordant_st_t",
            text="ST-T opposite to the QRS in I, aVL, V5, V6 (T in V6 may be positive below 140 ms)",
            leads=_LATERAL,
            required=False,
            rows=((Test("t_discordance_mv", ">", 0.0),),),
        ),
    ),
)
RBBB = Definition(
    key="rbbb_aha_2009",
    title="RBBB, AHA/ACCF/HRS 2009",
    source=_AHA,
    provenance="published",
    criteria=(_qrs_at_least(120.0), *_RBBB_SHAPE),
)
INCOMPLETE_RBBB = Definition(
    key="incomplete_rbbb_aha_2009",
    title="Incomplete RBBB, AHA/ACCF/HRS 2009",
    source=_AHA,
    provenance="published",
    criteria=(_qrs_110_to_119(), *_RBBB_SHAPE),
)
INCOMPLETE_LBBB = Definition(
    key="incomplete_lbbb_aha_2009",
    title="Incomplete LBBB, AHA/ACCF/HRS 2009",
    source=_AHA,
    provenance="published",
    criteria=(_qrs_110_to_119(), _delayed_peak("V4", "V5", "V6"), _no_q("I", "V5", "V6")),
)
IVCD = Definition(
    key="ivcd_aha_2009",
    title="Nonspecific intraventricular conduction delay, AHA/ACCF/HRS 2009",
    source=_AHA,
    provenance="published",
    criteria=(Criterion(key="qrs_duration", text="QRS duration above 110 ms", rows=((Test("qrs_ms", ">", 110.0),),)),),
    excludes=(RBBB.key, INCOMPLETE_RBBB.key, AHA_LBBB.key, INCOMPLETE_LBBB.key),
)
LAFB = Definition(
    key="lafb",
    title="Left anterior fascicular block",
    source="AHA/ACCF/HRS 2009, recalled, not checked against the document",
    provenance="unverified",
    criteria=(
        _qrs_below_120(),
        Criterion(
            key="left_axis",
            text="Frontal axis -45 to -90 degrees",
            rows=((Test("axis_deg", "<=", -45.0), Test("axis_deg", ">=", -90.0)),),
        ),
        Criterion(
            key="qr_in_avl",
            text="qR in aVL (a q, and R larger than any S)",
            leads=("aVL",),
            rows=((Test("q_mv", ">=", 0.02), Test("s_minus_r_mv", "<", 0.0)),),
        ),
        Criterion(
            key="avl_peak",
            text="R-peak time in aVL at least 45 ms",
            leads=("aVL",),
            rows=((Test("r_peak_time_ms", ">=", 45.0),),),
        ),
    ),
)
LPFB = Definition(
    key="lpfb",
    title="Left posterior fascicular block",
    source="AHA/ACCF/HRS 2009, recalled, not checked against the document",
    provenance="unverified",
    criteria=(
        _qrs_below_120(),
        Criterion(
            key="right_axis",
            text="Frontal axis 90 to 180 degrees",
            rows=((Test("axis_deg", ">=", 90.0), Test("axis_deg", "<=", 180.0)),),
        ),
        Criterion(
            key="rs_in_i_avl",
            text="rS in I and aVL",
            leads=("I", "aVL"),
            rows=((Test("r_mv", ">=", 0.02), Test("s_minus_r_mv", ">", 0.0)),),
        ),
        Criterion(
            key="qr_in_iii_avf",
            text="qR in III and aVF",
            leads=("III", "aVF"),
            rows=((Test("q_mv", ">=", 0.02), Test("s_minus_r_mv", "<", 0.0)),),
        ),
    ),
)


def strauss_lbbb(sex: Sex, *, contiguous: bool, sex_assumed: bool) -> Definition:
    """Return Strauss's definition of LBBB for one sex, in one reading of its lead rule.

    Parameters
    ----------
    sex
        At least 140 ms in men, 130 ms in women.
    contiguous
        The abstract asks for two contiguous leads; the strict-LBBB papers drop the word.
    sex_assumed
        True when the sex is not known and both outcomes are to be shown: title and key say so.
    """
    limit_ms, word = (140.0, "man") if sex == "male" else (130.0, "woman")
    key = "lbbb_strauss_2011_contiguous" if contiguous else "lbbb_strauss_2011"
    title = f"LBBB, Strauss 2011, {'two contiguous leads' if contiguous else 'any two leads'}"
    return Definition(
        key=f"{key}_if_{sex}" if sex_assumed else key,
        title=f"{title}, if a {word}" if sex_assumed else title,
        source=f"{_STRAUSS}, {_VAN_STIPDONK}",
        provenance="secondary",
        criteria=(
            _qrs_at_least(limit_ms),
            _qs_or_rs("V1", "V2"),
            _mid_qrs("two contiguous" if contiguous else "two"),
        ),
    )


def definitions_for(sex: Sex | None) -> tuple[Definition, ...]:
    """Return every definition in the order of the report; Strauss's for both sexes without a known sex."""
    sexes: tuple[Sex, ...] = (sex,) if sex is not None else ("female", "male")
    strauss = tuple(
        strauss_lbbb(one, contiguous=contiguous, sex_assumed=sex is None)
        for contiguous in (False, True)
        for one in sexes
    )
    return (
        ESC_2013_LBBB,
        ESC_2021_LBBB,
        MADIT_LBBB,
        *strauss,
        AHA_LBBB,
        RBBB,
        INCOMPLETE_RBBB,
        INCOMPLETE_LBBB,
        LAFB,
        LPFB,
        IVCD,
    )
