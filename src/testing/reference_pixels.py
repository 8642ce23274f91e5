"""Frame 1 of DICOM files as GDCM, OpenJPEG, dcmtk and pydicom decode it, for the tests of our own decoder.

Arguments: a folder for the results, then files. For each file one line of JSON on standard output, and where it was
decoded a file of 32-bit little endian numbers: rows x columns x components, interleaved, aligned to Bits Stored.
"""

import json
import os
import subprocess
import sys
import tempfile
import warnings

import numpy
import pydicom
from pydicom.encaps import defragment_data, generate_pixel_data_frame

warnings.simplefilter("ignore")
HIGH_THROUGHPUT = ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203")
RLE = "1.2.840.10008.1.2.5"
BIG_ENDIAN = "1.2.840.10008.1.2.2"


def by_openjpeg(dataset, folder):
    """OpenJPEG 2.5 reads the HT block coder; it writes one plane after the other."""
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames > 1:
        codestream = next(generate_pixel_data_frame(dataset.PixelData, frames))
    else:
        codestream = defragment_data(dataset.PixelData)
    source, target = os.path.join(folder, "frame.j2k"), os.path.join(folder, "frame.rawl")
    with open(source, "wb") as file:
        file.write(codestream)
    subprocess.run(["opj_decompress", "-i", source, "-o", target], check=True, capture_output=True)
    kind = ("<i" if dataset.PixelRepresentation else "<u") + str(dataset.BitsAllocated // 8)
    planes = numpy.fromfile(target, dtype=kind)
    shape = (dataset.SamplesPerPixel, dataset.Rows, dataset.Columns)
    return numpy.moveaxis(planes.reshape(shape), 0, -1), dataset


def decode(path, folder):
    dataset = pydicom.dcmread(path)
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax in HIGH_THROUGHPUT:
        return "opj_decompress", *by_openjpeg(dataset, folder)
    by = "pydicom"
    if syntax == BIG_ENDIAN:
        # pydicom 2 leaves 8-bit samples within OW in their swapped pairs.
        by = "dcmconv"
        little = os.path.join(folder, "little.dcm")
        subprocess.run(["dcmconv", "+te", path, little], check=True, capture_output=True)
        dataset = pydicom.dcmread(little)
    if dataset.file_meta.TransferSyntaxUID.is_compressed and syntax != RLE and not syntax.endswith(".99"):
        by = "gdcmconv"
        plain = os.path.join(folder, "plain.dcm")
        subprocess.run(["gdcmconv", "--raw", path, plain], check=True, capture_output=True)
        dataset = pydicom.dcmread(plain)
    frames = int(dataset.get("NumberOfFrames") or 1)
    pixels = dataset.pixel_array
    return by, (pixels[0] if frames > 1 else pixels), dataset


def align(pixels, dataset):
    """Bits Stored of each sample, its sign extended (PS3.5 section 8.1.1)."""
    stored, high = int(dataset.BitsStored), int(dataset.HighBit)
    values = pixels.astype(numpy.int64) & ((1 << int(dataset.BitsAllocated)) - 1)
    values = (values >> (high + 1 - stored)) & ((1 << stored) - 1)
    if dataset.PixelRepresentation:
        values = numpy.where(values >= 1 << (stored - 1), values - (1 << stored), values)
    return values


def main(out, paths):
    for index, path in enumerate(paths):
        answer = {"path": path}
        try:
            with tempfile.TemporaryDirectory() as folder:
                by, pixels, dataset = decode(path, folder)
            values = align(pixels, dataset)
            target = os.path.join(out, f"{index}.raw")
            values.astype("<i4").tofile(target)
            answer.update(
                by=by,
                raw=target,
                rows=int(dataset.Rows),
                columns=int(dataset.Columns),
                components=int(dataset.SamplesPerPixel),
                photometric=str(dataset.PhotometricInterpretation),
            )
        except Exception as error:  # A file that the reference cannot read is told, not hidden.
            answer["error"] = f"{type(error).__name__}: {error}"[:300]
        print(json.dumps(answer))


main(sys.argv[1], sys.argv[2:])
