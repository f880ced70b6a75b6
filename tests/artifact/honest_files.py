# SPDX-License-Identifier: Apache-2.0
"""Honest model files, written by the real libraries."""

from __future__ import annotations

import collections
import functools
import operator
import pickle
import warnings
from pathlib import Path

import joblib
import numpy as np


def estimators() -> dict[str, object]:
    """Fitted scikit-learn estimators of many kinds."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import (
        AdaBoostClassifier,
        ExtraTreesClassifier,
        GradientBoostingClassifier,
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
        IsolationForest,
        RandomForestClassifier,
        StackingClassifier,
        VotingClassifier,
    )
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.feature_selection import SelectKBest
    from sklearn.gaussian_process import GaussianProcessClassifier
    from sklearn.linear_model import LogisticRegression, SGDClassifier
    from sklearn.model_selection import GridSearchCV
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    rng = np.random.default_rng(7)
    x = rng.normal(size=(80, 4))
    y = (x[:, 0] + 0.2 * rng.normal(size=80) > 0).astype(int)
    tree = DecisionTreeClassifier(max_depth=2)
    models = {
        "logistic": LogisticRegression(),
        "pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
        "columns": make_pipeline(
            ColumnTransformer([("a", StandardScaler(), [0, 1]), ("b", OneHotEncoder(handle_unknown="ignore"), [2])]),
            LogisticRegression(),
        ),
        "tree": tree,
        "forest": RandomForestClassifier(8, random_state=0),
        "extra": ExtraTreesClassifier(5, random_state=np.random.RandomState(3)),
        "boosting": GradientBoostingClassifier(n_estimators=5),
        "hist": HistGradientBoostingClassifier(max_iter=5),
        "hist_regressor": HistGradientBoostingRegressor(max_iter=5),
        "isolation": IsolationForest(n_estimators=5),
        "ada": AdaBoostClassifier(n_estimators=3),
        "neighbours": KNeighborsClassifier(),
        "ball": KNeighborsClassifier(algorithm="ball_tree"),
        "svc": SVC(probability=False),
        "bayes": GaussianNB(),
        "mlp": MLPClassifier((4,), max_iter=5),
        "sgd": SGDClassifier(loss="log_loss"),
        "calibrated": CalibratedClassifierCV(tree, cv=2),
        "grid": GridSearchCV(tree, {"max_depth": [1, 2]}, cv=2),
        "select": make_pipeline(SelectKBest(k=2), tree),
        "function": make_pipeline(FunctionTransformer(np.abs), tree),
        "partial": make_pipeline(FunctionTransformer(functools.partial(np.clip, a_min=0, a_max=1)), tree),
        "voting": VotingClassifier([("a", tree), ("b", GaussianNB())]),
        "stacking": StackingClassifier([("a", tree)], cv=2),
        "process": GaussianProcessClassifier(),
    }
    del models["partial"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = {name: model.fit(x, y) for name, model in models.items()}
    fitted["text"] = TfidfVectorizer().fit(["os system eval", "exec import subprocess"])
    return fitted


def data() -> dict[str, object]:
    """Plain data and numpy values."""
    import scipy.sparse as sparse

    rng = np.random.default_rng(1)
    return {
        "floats": rng.normal(size=3000).tolist(),
        "ints": list(range(3000)),
        "mixed": {"a": [1, 2.5, None, True, b"x" * 2000, "é" * 900], "b": (1, (2, (3,))), "c": {1, 2}, "d": 2**80},
        "ordered": collections.OrderedDict(a=1),
        "default": collections.defaultdict(list, a=[1]),
        "counter": collections.Counter("hello"),
        "getter": operator.itemgetter(1, 2),
        "array": rng.normal(size=(20, 3)),
        "empty": np.empty((0, 4)),
        "strings": np.array(["a", "bcd"]),
        "objects": np.array(["a", None, 3], dtype=object),
        "structured": np.zeros(3, dtype=[("a", "f8"), ("b", "i4")]),
        "dates": np.array(["2020-01-01"], dtype="M8[D]"),
        "fortran": np.asfortranarray(rng.normal(size=(5, 3))),
        "scalar": np.float64(3.5),
        "generator": np.random.default_rng(3),
        "state": np.random.RandomState(3),
        "csr": sparse.random(10, 5, 0.3, format="csr", random_state=0),
        "big": rng.normal(size=40_000),
    }


def write_pickles(folder: Path) -> None:
    """Estimators and data, through pickle in all protocols and joblib in all packings."""
    for name, value in {**estimators(), **data()}.items():
        for protocol in (0, 1, 2, 3, 4, 5):
            if name == "big" and protocol < 2:
                continue
            (folder / f"{name}.p{protocol}").write_bytes(pickle.dumps(value, protocol))
        joblib.dump(value, folder / f"{name}.joblib")
        for packing in ("zlib", "gzip", "bz2", "lzma", "xz"):
            joblib.dump(value, folder / f"{name}.{packing}", compress=(packing, 3))


def write_boosters(folder: Path) -> None:
    """LightGBM, XGBoost and CatBoost in their own formats and pickled."""
    import catboost
    import lightgbm
    import xgboost

    rng = np.random.default_rng(7)
    x = rng.normal(size=(80, 4))
    y = (x[:, 0] > 0).astype(int)
    light = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(x, y)
    light.booster_.save_model(folder / "light.txt")
    gradient = xgboost.XGBClassifier(n_estimators=3).fit(x, y)
    gradient.save_model(folder / "x.json")
    gradient.save_model(folder / "x.ubj")
    cat = catboost.CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False).fit(x, y)
    cat.save_model(str(folder / "c.cbm"))
    for name, value in {"light": light, "gradient": gradient, "cat": cat, "booster": light.booster_}.items():
        for protocol in (2, 4, 5):
            (folder / f"{name}.pkl{protocol}").write_bytes(pickle.dumps(value, protocol))
        joblib.dump(value, folder / f"{name}.joblib", compress=3)
        joblib.dump(value, folder / f"{name}.joblib0")


def write_arrays(folder: Path) -> None:
    """npy, npz, torch zip and legacy."""
    import torch

    rng = np.random.default_rng(1)
    np.save(folder / "a.npy", rng.normal(size=(3, 4)))
    np.save(folder / "o.npy", np.array([1, None], dtype=object), allow_pickle=True)
    np.savez(folder / "a.npz", a=rng.normal(size=5), b=np.arange(4))
    np.savez_compressed(folder / "b.npz", a=np.zeros(9000), b=np.array(["a"]))
    net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    state = net.state_dict()
    torch.save(state, folder / "state.pt")
    torch.save(state, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save({"epoch": 3, "model": state, "half": torch.ones(3).half()}, folder / "checkpoint.pt")
    (folder / "tensor.pkl").write_bytes(pickle.dumps(torch.arange(6)))
