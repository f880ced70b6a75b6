# SPDX-License-Identifier: Apache-2.0
"""Turn the two tables of the R package mlbench that robust boosting is compared on into one npz file.

python read_rda.py FOLDER TARGET.npz
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import rdata


def main() -> None:
    folder, target = Path(sys.argv[1]), sys.argv[2]
    warnings.simplefilter("ignore")
    pima = rdata.read_rda(folder / "PimaIndiansDiabetes.rda")["PimaIndiansDiabetes"]
    cancer = rdata.read_rda(folder / "BreastCancer.rda")["BreastCancer"].dropna()
    columns = [np.asarray(cancer[name].astype(str)).astype(float) for name in cancer.columns[:10]]
    np.savez(
        target,
        cancer_x=np.stack(columns, axis=1),
        cancer_y=(cancer["Class"].astype(str) == "malignant").to_numpy().astype(int),
        diabetes_x=pima.iloc[:, :8].to_numpy(float),
        diabetes_y=(pima["diabetes"].astype(str) == "pos").to_numpy().astype(int),
    )
    print("{}")


if __name__ == "__main__":
    main()
