"""Packs what Verovio reads at run time.

    python3 pack.py VEROVIO_DATA

VEROVIO_DATA is the folder `vendor/verovio/data` of the crate `verovio-sys`.
"""

import pathlib
import sys
import zipfile

HERE = pathlib.Path(__file__).parent


def main(data):
    data = pathlib.Path(data)
    files = [data / "Bravura.xml", data / "Leipzig.xml"]
    files += sorted((data / "Bravura").glob("*.xml")) + sorted((data / "text").glob("*.xml"))
    with zipfile.ZipFile(HERE / "verovio-fonts.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files:
            entry = zipfile.ZipInfo(str(path.relative_to(data)), (2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    print(len(files), "files,", (HERE / "verovio-fonts.zip").stat().st_size, "bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
