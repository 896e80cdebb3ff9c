"""The annotations of EDF+: time-stamped lists inside the data records."""

from __future__ import annotations

from dataclasses import dataclass

#: More annotations than this in one data record are no annotations but noise.
MOST_PER_RECORD = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One annotation; `text` is empty for the time stamp of the data record itself."""

    onset_s: float
    text: str


def annotations_of(block: bytes) -> list[Annotation]:
    """Read the time-stamped annotation lists of one data record.

    Parameters
    ----------
    block
        Bytes of the annotation channel: lists ended by byte 0, each ``onset [21 duration] 20 text 20 text
        20``.

    Returns
    -------
    list of Annotation
        In the order of the file, onset from the start of the file [s]; damaged lists are left out.
    """
    found: list[Annotation] = []
    for entry in block.split(b"\x00")[:MOST_PER_RECORD]:
        stamp, *texts = entry.split(b"\x14")
        try:
            onset_s = float(stamp.split(b"\x15")[0])
        except ValueError:
            continue
        if not -1e9 < onset_s < 1e9:
            continue
        words = [text.decode("utf-8", errors="replace").strip() for text in texts[:-1]]
        found.extend(Annotation(onset_s=onset_s, text=word) for word in words or [""])
    return found
