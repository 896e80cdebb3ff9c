"""The commented template of a case folder, for `resynchro new`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from resynchro.errors import InputError
from resynchro.formats.case_folder import CASE_FILE
from resynchro.formats.case_value import Pseudonym
from resynchro.formats.output_file import write_file

#: Folders for the files of a case; the names are a habit, not a rule.
SUBFOLDERS = ("ecg", "echo", "cmr")

_TEMPLATE = """\
# One patient. Lines that begin with "# " explain. To use a key, remove the "#" in front of it and write
# what you know; what is not known stays out: missing means "not known", never "no".
# No names and no dates of birth: this file and the recordings must be pseudonymised.

# Pseudonym: letters, digits, ".", "_" and "-".
id: {case_id}

patient:
  # female or male
  #sex: female
  # age at the first visit [years]
  #age_years: 64
  # [cm] and [kg]
  #height_cm: 168
  #weight_kg: 71
  # ischaemic, non-ischaemic or unknown
  #aetiology: non-ischaemic
  # New York Heart Association class, 1 to 4
  #nyha: 4
  # for class 4 only: is the patient treated out of hospital?
  #nyha_ambulatory: true
  # of the atria: sinus, atrial-fibrillation, paced (the atrium is paced) or other
  #rhythm: sinus
  # paroxysmal, persistent or permanent; also when the rhythm is sinus now
  #atrial_fibrillation: paroxysmal
  # left-ventricular ejection fraction [%], 27 and not 0.27
  #lvef_pct: 27
  # optimal (guideline-directed) medical therapy for at least three months?
  #optimal_medical_therapy: true
  #drugs: [sacubitril/valsartan, bisoprolol, eplerenone, dapagliflozin]
  # none, first-degree, mobitz-1, mobitz-2, high-degree or complete
  #av_block: none
  # none, planned or done
  #av_node_ablation: none
  # is there an indication for ventricular pacing apart from heart failure?
  #pacing_indicated: false
  # share of beats that the planned device is expected to pace in the ventricle [%]
  #expected_ventricular_pacing_pct: 98
  # in atrial fibrillation: will rate control or AV-node ablation give nearly 100 % pacing?
  #full_biventricular_pacing_expected: true
  # is the patient a candidate for a defibrillator?
  #icd_indicated: true
  #life_expectancy_below_1_year: false
  # did an attempt at a coronary sinus lead fail?
  #coronary_sinus_lead_failed: false
  # can biventricular pacing not resynchronise this heart (anatomy or function)?
  #biventricular_pacing_ineffective: false
  #previous_heart_failure_hospitalisation: true
  #previous_bypass_surgery: false
  #diabetes: false

# The visits in order of their dates. Files are named from this folder, with forward slashes.
visits:
  # role: baseline (before the implant), implant or follow-up
  - date: {today}
    role: baseline
    # The 12-lead ECG: copy the recording into the folder ecg and write its name here.
    # Read are WFDB (name the .hea file), DICOM, HL7 aECG, GE MUSE XML, Philips XML, SCP-ECG, EDF and CSV.
    ecg: ecg/baseline.xml
    # Strain curves of one examination: one file (EchoPAC XML, CSV, ...), or the files of its views. Valve events only
    # where the file does not hold them [ms from QRS onset]; view and colours (which colour is which segment) only for
    # EchoPAC text exports; events_file for EchoPAC full traces; rr_ms where the file gives no beat length [ms].
    #strain:
      #- {{file: echo/strain.xml, mvc_ms: 40, avo_ms: 95, avc_ms: 380, mvo_ms: 480}}
      #- {{files: [echo/4ch.csv, echo/2ch.csv, echo/aplax.csv], view: 4CH, rr_ms: 820}}
      #- {{file: echo/4ch.txt, colours: {{yellow: 3, cyan: 9}}, events_file: echo/events.csv}}
    # Scar: a table per segment, labels that hold the scar, or late-enhancement images with the labels of their wall.
    # label_map: acdc, emidec, biv-me or the numbers themselves; anterior_insertion_deg only for labels without the
    # right ventricle: where it meets the septum in front, on the screen, counter-clockwise from the right [deg]
    #scar: {{file: cmr/lge.nii.gz, mask: cmr/lge_wall.nii.gz, label_map: emidec, anterior_insertion_deg: 130}}
    # Cine MRI: a folder of DICOM files or a NIfTI file, with labels of every frame, or biv-me guide points
    #cine:
      #- {{file: cmr/cine, labels: cmr/cine_labels.nii.gz, label_map: acdc}}
      #- {{file: cmr/cine2, guide_points: cmr/guidepoints, check_engine: false}}
    # Gated perfusion SPECT (DICOM or NIfTI), and the branches of the coronary sinus (CSV or VTK)
    #spect: nm/gated.dcm
    #veins: ct/veins.csv
    # The device the patient came with. type: none, PM, ICD, CRT-P, CRT-D or CSP (conduction system pacing)
    #device:
      #type: PM
      # share of beats paced in the right ventricle alone, by the device's counter [%]
      #rv_pacing_pct: 45
    # What was measured at this visit: each of these may stand at any visit
    # NYHA class and LVEF [%] of this visit, where they differ from those above
    #nyha: 3
    #lvef_pct: 27
    # QRS duration as somebody read it [ms], 168 and not 0.168; shown beside our own measurement
    #qrs_ms: 168
    # left-ventricular end-diastolic and end-systolic volume [ml], end-diastolic diameter [mm]
    #lvedv_ml: 249
    #lvesv_ml: 182
    #lvedd_mm: 68
    # largest left-atrial volume [ml]
    #la_volume_ml: 92
    # cuff pressure [mmHg]
    #systolic_pressure_mmhg: 112
    #diastolic_pressure_mmhg: 70
    # six-minute walk [m], peak oxygen uptake [ml/min/kg], Minnesota questionnaire [0 (best) to 105 points]
    #six_minute_walk_m: 340
    #peak_vo2_ml_per_min_kg: 14.2
    #mlhfq_points: 46
    # blood: NT-proBNP [ng/l], creatinine [µmol/l], eGFR [ml/min/1.73 m²], haemoglobin [g/dl]
    #nt_probnp_ng_per_l: 1850
    #creatinine_umol_per_l: 104
    #egfr_ml_per_min_1_73m2: 58
    #haemoglobin_g_per_dl: 13.1
    # ventricular extrasystoles among all beats [%]
    #pvc_burden_pct: 0.4

  # The implant, with the reference ECGs that later ones are compared with.
  #- date: {today}
    #role: implant
    # pacing while the ECG was recorded:
    # intrinsic, biventricular, rv-only, lv-only, his, left-bundle-area or unknown
    # uv_per_count [µV] and sampling_rate_hz [Hz] only where the file is wrong or says nothing
    #ecg:
      #- file: ecg/implant_intrinsic.xml
        #pacing: intrinsic
      #- file: ecg/implant_biventricular.xml
        #pacing: biventricular
      #- file: ecg/implant_lv_only.csv
        #pacing: lv-only
        #uv_per_count: 1
        #sampling_rate_hz: 500
    #device:
      #type: CRT-P
      # AHA segment 1 to 17; vein: anterior, anterolateral, lateral, posterolateral, posterior,
      # middle-cardiac or other
      #lv_lead: {{segment: 11, vein: posterolateral}}
      # apex, septum, outflow-tract or other
      #rv_lead: {{site: septum}}
      # his or left-bundle-area, for a lead in the conduction system
      #conduction_system_lead: left-bundle-area
      # AV delay after a sensed and after a paced atrial beat, to the first ventricular stimulus [ms]
      #av_sensed_ms: 120
      #av_paced_ms: 150
      # VV delay: left minus right ventricular stimulus [ms]; negative means left ventricle first
      #vv_ms: -20

  # A follow-up visit
  #- date: {today}
    #role: follow-up
    #ecg: {{file: ecg/follow_up.xml, pacing: biventricular}}
    #device: {{type: CRT-P, biv_pacing_pct: 97, vv_ms: -20}}
    #nyha: 2
    #lvesv_ml: 150
"""


def template_text(case_id: str, today: date) -> str:
    """Write the template of a case file.

    Parameters
    ----------
    case_id
        Pseudonym of the patient.
    today
        The date of its first visit.

    Returns
    -------
    str
        YAML with the id, the date, the role and an ECG to be replaced; all else is commented out.
    """
    return _TEMPLATE.format(case_id=f'"{case_id}"', today=today.isoformat())


def write_case_template(folder: str | Path, *, case_id: str, today: date | None = None) -> Path:
    """Make a case folder with a commented ``case.yaml`` and empty subfolders for its files.

    Parameters
    ----------
    folder
        Made when it does not exist.
    case_id
        Pseudonym of the patient.
    today
        The date of the first visit; by default the day of the call.

    Returns
    -------
    Path
        The case file.

    Raises
    ------
    InputError
        When the folder already holds a case, the pseudonym cannot be used, or nothing can be written there.
    """
    try:
        name = Pseudonym()(case_id)
    except ValueError as error:
        raise InputError(f"pseudonym of the case: {error}") from error
    home = Path(folder)
    path = home / CASE_FILE
    if path.exists() or path.is_symlink():
        raise InputError(f"{path} exists and is kept: give another folder, or edit that file")
    try:
        for subfolder in SUBFOLDERS:
            (home / subfolder).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise InputError(f"{home}: the folder cannot be made ({error}); give another one") from error
    return write_case_yaml(home, template_text(name, today or date.today()))


def write_case_yaml(folder: str | Path, text: str) -> Path:
    """Write ``case.yaml`` as a whole or not at all.

    Parameters
    ----------
    folder
        Made when it does not exist; a case file in it is replaced.
    text
        The YAML text.

    Returns
    -------
    Path
        The case file.

    Raises
    ------
    InputError
        When it cannot be written.
    """
    return write_file(Path(folder) / CASE_FILE, text)
