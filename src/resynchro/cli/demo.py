"""``resynchro demo``: the built-in demonstration case, made and planned."""

from __future__ import annotations

from pathlib import Path

import click

_CASE = """\
# The demonstration case of Resynchro: a synthetic patient. No value comes from a real person.
id: DEMO-LBBB
patient:
  sex: female
  age_years: 64
  aetiology: non-ischaemic
  nyha: 3
  rhythm: sinus
  lvef_pct: 27
  optimal_medical_therapy: true
  pacing_indicated: false
  av_block: none
  life_expectancy_below_1_year: false
visits:
  - date: 2024-03-04
    role: baseline
    ecg: ecg/baseline.csv
    strain: echo/strain.csv
    scar: cmr/scar.csv
    veins: ct/veins.csv
    systolic_pressure_mmhg: 118
    diastolic_pressure_mmhg: 72
    lvedv_ml: 249
    lvesv_ml: 182
    device: {type: none}
  - date: 2024-03-20
    role: implant
    ecg:
      - {file: ecg/implant_biventricular.csv, pacing: biventricular}
      - {file: ecg/implant_rv_only.csv, pacing: rv-only}
      - {file: ecg/implant_lv_only.csv, pacing: lv-only}
    device: {type: CRT-P, lv_lead: {segment: 11, vein: posterolateral}, av_sensed_ms: 120, vv_ms: -20}
  - date: 2024-09-23
    role: follow-up
    ecg: ecg/follow_up.csv
    nyha: 3
"""

#: File and recording of the synthetic patient. The follow-up shows loss of LV capture.
_ECGS = (
    ("ecg/baseline.csv", "intrinsic"),
    ("ecg/implant_biventricular.csv", "biventricular"),
    ("ecg/implant_rv_only.csv", "rv-only"),
    ("ecg/implant_lv_only.csv", "lv-only"),
    ("ecg/follow_up.csv", "lv-capture-lost"),
)
#: Three branches of the coronary sinus, as a reader would list them.
_VEINS = """\
# Synthetic veins of the demonstration case of Resynchro: from no patient.
branch,segments
anterior,1 7
anterolateral,6 12
posterolateral,5 11
"""
_REMARK = "Synthetic ECG of the demonstration case of Resynchro: by its electrical twin, from no patient."


@click.command("demo")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    default=Path("resynchro-demo"),
    show_default=True,
    help="Folder for the demonstration case and its plan.",
)
def command(out: Path) -> None:
    """Make the demonstration case (a synthetic patient with left bundle branch block) and plan it."""
    from resynchro.cli.plan import plan_case

    write_demonstration_case(out)
    plan_case(out, out / "plan")


def write_demonstration_case(folder: Path) -> None:
    """Write the demonstration case; the same bytes every time.

    Parameters
    ----------
    folder
        Made when it does not exist. A case of another patient in it is never overwritten.

    Raises
    ------
    InputError
        When the folder holds another case.
    """
    from resynchro.electrics.demonstration_patient import demonstration_record, demonstration_scar
    from resynchro.errors import InputError
    from resynchro.formats.csv_ecg import write_csv_ecg
    from resynchro.formats.output_file import write_file
    from resynchro.formats.scar_csv import write_scar_csv
    from resynchro.formats.strain_csv_writing import write_strain_csv
    from resynchro.imaging.strain.strain_demonstration import demonstration_strain_study

    existing = folder / "case.yaml"
    if existing.exists() and existing.read_bytes() != _CASE.encode():
        raise InputError(f"{existing} holds another case and is kept: give --out another folder")
    (folder / "ecg").mkdir(parents=True, exist_ok=True)
    for file, recording in _ECGS:
        write_csv_ecg(demonstration_record(recording), folder / file, remark=_REMARK)
    write_strain_csv(demonstration_strain_study(), folder / "echo" / "strain.csv")
    write_scar_csv(demonstration_scar(), folder / "cmr" / "scar.csv")
    write_file(folder / "ct" / "veins.csv", _VEINS)
    write_file(existing, _CASE)
