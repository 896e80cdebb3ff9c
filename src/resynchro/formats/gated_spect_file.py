"""Any file of a gated perfusion study that can be read: the format is told by content."""

from __future__ import annotations

from pathlib import Path

from resynchro.errors import InputError
from resynchro.formats.dicom_ecg import is_dicom_ecg
from resynchro.formats.dicom_nm import read_dicom_nm
from resynchro.formats.file_bytes import read_bytes
from resynchro.formats.nifti_gated import is_nifti, read_nifti_gated
from resynchro.formats.polar_counts_csv import is_polar_counts_csv, read_polar_counts_csv
from resynchro.record.gated_spect import GatedSpect, PolarCounts


def read_gated_spect(path: str | Path) -> GatedSpect | PolarCounts:
    """Read gated short-axis slices, or a polar map that is sampled already.

    Parameters
    ----------
    path
        A multi-frame DICOM nuclear-medicine image (reconstructed, gated), a 4-D NIfTI file, a folder with one 3-D NIfTI
        file per gate, or a polar CSV (see `resynchro.formats.polar_counts_csv`).

    Returns
    -------
    GatedSpect or PolarCounts
        The latter from a polar CSV.

    Raises
    ------
    InputError
        When the file is none of these, damaged, or not what phase analysis needs; the message names the file.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return read_nifti_gated(path)
        head = read_bytes(path)[:4096]
        if is_nifti(head):
            return read_nifti_gated(path)
        if is_dicom_ecg(head):
            return read_dicom_nm(path)
        if is_polar_counts_csv(head):
            return read_polar_counts_csv(path)
    except InputError as error:
        raise error if str(path) in str(error) else InputError(f"{path}: {error}") from error
    raise InputError(
        f"{path}: the format is not known; read are DICOM NM (gated short-axis slices), NIfTI (.nii, .nii.gz, gates "
        "last) and a CSV with the columns sample, level, angle, g0, g1, ..."
    )
