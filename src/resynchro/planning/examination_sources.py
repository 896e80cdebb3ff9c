"""Which files an examination by imaging was read from, with format and digest."""

from __future__ import annotations

from collections.abc import Iterator

from resynchro.record.visit import Visit

#: Fields of a visit that hold examinations by imaging.
EXAMINATION_FIELDS = ("strain", "scar", "cine", "spect", "veins")


def examination_sources(visit: Visit) -> Iterator[tuple[str, str, str | None]]:
    """Yield (file, format, SHA-256) of everything by imaging that a visit names.

    Parameters
    ----------
    visit
        As read.

    Yields
    ------
    tuple
        The digest is None for a scar map given as a table, which carries none.
    """
    for strain in visit.strain:
        yield strain.file, strain.study.format, strain.study.sha256
    for scar in visit.scar:
        if scar.scar is not None:
            yield scar.file, "scar per segment (CSV)", None
        if scar.image is not None:
            yield scar.file, scar.image.format, scar.image.sha256
        if scar.labels is not None:
            yield scar.file if scar.image is None else f"{scar.file} (mask)", "labels", scar.labels.sha256
    for cine in visit.cine:
        for stack in cine.stacks:
            yield cine.file, stack.format, stack.sha256
        if cine.labels is not None:
            yield f"{cine.file} (labels)", "labels", cine.labels.sha256
        if cine.contours is not None:
            yield f"{cine.file} (contours)", "guide points", cine.contours.sha256
    for spect in visit.spect:
        yield spect.file, "gated perfusion SPECT", spect.gated.sha256
    for veins in visit.veins:
        yield veins.file, "veins", veins.tree.sha256
