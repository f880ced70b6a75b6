# SPDX-License-Identifier: Apache-2.0
"""Write the ONNX files of this folder with the real converter, and the scores of the models they came from.

It needs an environment of its own: scikit-learn 1.7.2, skl2onnx 1.20.0 (it does not know later releases of scikit-learn).
Run `python make_onnx.py` in this folder. The labels are a rule over seeded noise; nothing in them is real data.
"""

import json
from pathlib import Path

import numpy as np
import skl2onnx
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

HERE = Path(__file__).parent
rng = np.random.default_rng(5)
n = 300
a, b = rng.normal(size=n).astype(np.float32), rng.normal(size=n).astype(np.float32)
word = rng.choice(["red", "green", "blue"], n)
y = (a - b + (word == "red") > 0.4).astype(int)
matrix = np.c_[a, b].astype(np.float32)

forest = RandomForestClassifier(6, max_depth=4, random_state=0).fit(matrix, y)
linear = LogisticRegression().fit(matrix, np.where(y == 1, "bad", "good"))
double = LogisticRegression().fit(matrix.astype(np.float64), y)
import pandas as pd  # noqa: E402

table = pd.DataFrame({"a": a, "b": b, "word": word})
pipeline = make_pipeline(
    ColumnTransformer([("n", StandardScaler(), ["a", "b"]), ("w", OneHotEncoder(handle_unknown="ignore"), ["word"])]),
    LogisticRegression(),
).fit(table, y)

jobs = {
    "forest_zipmap": (forest, [("X", FloatTensorType([None, 2]))], {}),
    "forest_tensor": (forest, [("X", FloatTensorType([None, 2]))], {"zipmap": False}),
    "words_tensor": (linear, [("X", FloatTensorType([None, 2]))], {"zipmap": False}),
    "words_zipmap": (linear, [("X", FloatTensorType([None, 2]))], {}),
    "double": (double, [("X", DoubleTensorType([None, 2]))], {"zipmap": False}),
    "columns": (
        pipeline,
        [("a", FloatTensorType([None, 1])), ("b", FloatTensorType([None, 1])), ("word", StringTensorType([None, 1]))],
        {"zipmap": False},
    ),
}
scores = {}
for name, (model, types, options) in jobs.items():
    onx = skl2onnx.convert_sklearn(
        model, initial_types=types, options={id(model): options} if options else None, target_opset=17
    )
    (HERE / f"{name}.onnx").write_bytes(onx.SerializeToString())
    given = table.iloc[:40] if name == "columns" else matrix[:40].astype(np.float64 if name == "double" else np.float32)
    event = list(model.classes_).index("bad" if "words" in name else 1)
    scores[name] = [float(p) for p in model.predict_proba(given)[:, event]]
rows = {"a": [float(v) for v in a[:40]], "b": [float(v) for v in b[:40]], "word": list(map(str, word[:40]))}
(HERE / "expected.json").write_text(json.dumps({"rows": rows, "scores": scores}, indent=1) + "\n")
