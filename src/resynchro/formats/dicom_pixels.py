"""Pixels of a DICOM image, with their size checked before anything is unpacked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from resynchro.errors import InputError
from resynchro.formats.dicom_content import FORMAT, data_bytes, is_little_endian, number, text
from resynchro.record.slices import ImageArray

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

#: Most samples unpacked from one file: 64 Mi samples are 1024 frames of 256 x 256, 256 MiB as 32-bit numbers.
MOST_SAMPLES: Final = 64 * 1024 * 1024

#: Transfer syntaxes that store pixels as they are; a deflated data set has been inflated by then.
_PLAIN: Final = {
    "1.2.840.10008.1.2": "implicit little endian",
    "1.2.840.10008.1.2.1": "explicit little endian",
    "1.2.840.10008.1.2.1.99": "deflated",
    "1.2.840.10008.1.2.2": "explicit big endian",
}


_RLE: Final = "1.2.840.10008.1.2.5"
#: Compressed frames whose head states their size, so that it can be checked: JPEG, JPEG-LS, JPEG 2000.
_WITH_SIZE: Final = (
    *(f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 57, 70, 80, 81, 90, 91)),
    *(f"1.2.840.10008.1.2.4.{number}" for number in (201, 202, 203)),
)
#: Largest run-length encoded frame [samples]: damaged runs can swell to 64 times the bytes there are.
_MOST_RLE_SAMPLES: Final = 2048 * 2048


def image_size(dataset: Dataset) -> tuple[int, int, int]:
    """Return frames, rows and columns of a DICOM image, checked against the most that is unpacked.

    Raises
    ------
    InputError
        When one is missing or no positive number, or the image holds more than `MOST_SAMPLES` samples.
    """
    sizes = []
    for keyword, absent in (("NumberOfFrames", 1.0), ("Rows", None), ("Columns", None)):
        found = number(dataset, keyword)
        value = absent if found is None else found
        if value is None or value < 1 or value != int(value):
            raise InputError(f"{FORMAT}: {keyword} is {found}, a positive whole number is needed: the image is damaged")
        sizes.append(int(value))
    frames, rows, columns = sizes
    if frames * rows * columns > MOST_SAMPLES:
        raise InputError(
            f"{FORMAT}: {frames} frames of {rows} x {columns} pixels are claimed, more than the {MOST_SAMPLES} samples "
            "that are unpacked from one file; split the file, or check whether it is damaged"
        )
    return frames, rows, columns


def dicom_pixels(dataset: Dataset) -> ImageArray:
    """Unpack the frames of a greyscale DICOM image.

    Parameters
    ----------
    dataset
        From `open_dicom`.

    Returns
    -------
    ndarray
        Shape (frames, rows, columns), 32-bit; stored values, before any rescaling.

    Raises
    ------
    InputError
        When the image is in colour, has too few bytes, claims more than is unpacked, or is compressed and no decoder
        is installed.
    """
    frames, rows, columns = image_size(dataset)
    samples = number(dataset, "SamplesPerPixel")
    photometric = text(dataset, "PhotometricInterpretation") or "not stated"
    if (samples or 1) != 1 or not photometric.startswith("MONOCHROME"):
        raise InputError(
            f"{FORMAT}: the image has {samples or 1:.0f} samples per pixel ({photometric[:16]}); a greyscale image is "
            "needed, export the original series and not a screenshot"
        )
    syntax = _transfer_syntax(dataset)
    stored = (
        _plain_pixels(dataset, (frames, rows, columns))
        if syntax in _PLAIN
        else _decoded_pixels(dataset, syntax, (frames, rows, columns))
    )
    if photometric == "MONOCHROME1":  # small numbers are bright there
        stored = stored.max() - stored
    return stored


def _transfer_syntax(dataset: Dataset) -> str:
    meta = getattr(dataset, "file_meta", None)
    stated = text(meta, "TransferSyntaxUID") if meta is not None else None
    return stated or "1.2.840.10008.1.2"  # the default of the standard, for files without a header


def _plain_pixels(dataset: Dataset, shape: tuple[int, int, int]) -> ImageArray:
    bits, signed = number(dataset, "BitsAllocated"), number(dataset, "PixelRepresentation") == 1
    kinds = {8: "i1" if signed else "u1", 16: "i2" if signed else "u2", 32: "i4" if signed else "u4"}
    if bits not in kinds:
        raise InputError(f"{FORMAT}: pixels of {bits} bits, allowed are 8, 16 and 32; export the image again")
    order = "<" if is_little_endian(dataset) else ">"
    content = data_bytes(dataset, "PixelData")
    count = shape[0] * shape[1] * shape[2]
    needed = count * int(bits) // 8
    if len(content) < needed:
        raise InputError(
            f"{FORMAT}: {shape[0]} frames of {shape[1]} x {shape[2]} pixels need {needed} bytes, the file holds "
            f"{len(content)}: it is damaged or cut off, copy it again"
        )
    values = np.frombuffer(content, dtype=order + kinds[int(bits)], count=count)
    return values.astype(np.float32).reshape(shape)


def _decoded_pixels(dataset: Dataset, syntax: str, shape: tuple[int, int, int]) -> ImageArray:
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.pixels.utils import pixel_array
    from pydicom.uid import UID

    name = UID(syntax).name[:60]
    available = False
    if syntax == _RLE or syntax in _WITH_SIZE:
        try:
            decoder: Any = get_decoder(UID(syntax))
            available = bool(decoder.is_available)
        except NotImplementedError:
            available = False
    if not available:
        raise InputError(
            f"{FORMAT}: the pixels are compressed ({name}) and no decoder for it is installed; decompress the files "
            "first (for example gdcmconv --raw, or dcmdjpeg), or install pylibjpeg with its plug-ins"
        )
    _check_codestreams(dataset, syntax, shape)
    try:
        values = np.asarray(pixel_array(dataset, raw=True), dtype=np.float32)
    except Exception as error:  # decoders raise errors of many kinds, without a common base
        raise InputError(f"{FORMAT}: the compressed pixels ({name}) are damaged ({str(error)[:200]})") from error
    if values.size != shape[0] * shape[1] * shape[2]:
        raise InputError(f"{FORMAT}: the compressed pixels ({name}) are not of the size that the file states")
    return values.reshape(shape)


def _check_codestreams(dataset: Dataset, syntax: str, shape: tuple[int, int, int]) -> None:
    """Compare the size inside each compressed frame with the stated one: a decoder believes the former."""
    from pydicom.encaps import generate_frames

    try:
        streams = list(generate_frames(data_bytes(dataset, "PixelData"), number_of_frames=shape[0]))
    except Exception as error:  # as above
        raise InputError(f"{FORMAT}: the compressed pixels are damaged ({str(error)[:200]})") from error
    if len(streams) != shape[0]:
        raise InputError(f"{FORMAT}: {shape[0]} frames are stated, {len(streams)} compressed ones are there")
    stated = shape[1] * shape[2]
    for stream in streams:
        inside = shape[1:] if syntax == _RLE else _codestream_size(stream)
        # A run-length code is at worst 1/128 longer than what it codes, plus a head of 64 bytes.
        swollen = syntax == _RLE and (stated > _MOST_RLE_SAMPLES or len(stream) > 4.1 * stated + 128)
        if inside != shape[1:] or swollen:
            size = "of unknown size" if inside is None else f"{inside[0]} x {inside[1]} pixels"
            raise InputError(
                f"{FORMAT}: a compressed frame is {size} in {len(stream)} bytes, the file states {shape[1]} x "
                f"{shape[2]}: it is damaged or made to exhaust memory, and is not unpacked"
            )


def _codestream_size(stream: bytes) -> tuple[int, int] | None:
    """Return rows and columns as the head of a JPEG or JPEG 2000 codestream states them; None for other kinds."""
    start = stream.find(b"\xff\x4f\xff\x51")
    if start >= 0 and len(stream) >= start + 24:  # JPEG 2000: SIZ follows at once (ISO 15444-1 A.5.1)
        x, y, x_offset, y_offset = (
            int.from_bytes(stream[start + at : start + at + 4], "big") for at in (8, 12, 16, 20)
        )
        return y - y_offset, x - x_offset
    if stream[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(stream) and stream[at] == 0xFF:  # JPEG and JPEG-LS: walk to the frame header (ISO 10918-1 B.2)
        marker = stream[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            return int.from_bytes(stream[at + 5 : at + 7], "big"), int.from_bytes(stream[at + 7 : at + 9], "big")
        else:
            at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return None
