# SPDX-License-Identifier: Apache-2.0
"""Turn tables of R packages into npz files: columns of numbers, and columns of words as text.

    python read_rda.py FOLDER TARGET.npz NAME…

FOLDER is a package's data folder, with one NAME.rda a table or with all of them in Rdata.rdb.
"""

import gzip
import lzma
import sys
import warnings
from pathlib import Path

import numpy as np
import rdata


def read(folder: Path, name: str):
    if (folder / f"{name}.rda").exists():
        return rdata.read_rda(folder / f"{name}.rda")[name]
    index = rdata.conversion.convert(rdata.parser.parse_data(gzip.decompress((folder / "Rdata.rdx").read_bytes())))
    offset, size = (int(value) for value in index["variables"][name])
    packed = (folder / "Rdata.rdb").read_bytes()[offset : offset + size]
    if packed[4:5] != b"Z":
        raise SystemExit(f"{name} is packed in a way that is not read here")
    # four bytes of length, one of kind, then a bare LZMA2 stream
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 26}]
    content = lzma.decompress(packed[5:], format=lzma.FORMAT_RAW, filters=filters)
    return rdata.conversion.convert(rdata.parser.parse_data(content))


def column(values) -> np.ndarray:
    if values.dtype.kind in "iufb" or str(values.dtype).startswith(("Int", "Float")):
        return values.to_numpy(dtype=float, na_value=np.nan)
    return np.where(values.isna(), "", values.astype(str)).astype("U")


def main() -> None:
    folder, target = Path(sys.argv[1]), sys.argv[2]
    warnings.simplefilter("ignore")
    tables = {name: read(folder, name) for name in sys.argv[3:]}
    parts = {f"{name}/{title}": column(frame[title]) for name, frame in tables.items() for title in frame.columns}
    np.savez(target, **parts)
    print("{}")


if __name__ == "__main__":
    main()
