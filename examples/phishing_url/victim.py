# SPDX-License-Identifier: Apache-2.0
"""The other side: runs in the environment that holds fraudurl, and scores links with the package as it is shipped.

It says once who it is, then answers each line (a JSON list of links) with a line (a JSON list of scores). Hauberk is not
installed in that environment, and fraudurl is not in Hauberk's.
"""

import hashlib
import json
import sys
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from fraudurl.lexical import extract
from fraudurl.model import Model


def main() -> None:
    """Answer until the other side closes the pipe."""
    path = Path(str(files("fraudurl") / "data" / "model_safe.json"))
    model = Model(str(path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    who = {"version": version("fraudurl"), "model": f"sha256:{digest}", "thresholds": model.thresholds}
    print(json.dumps(who), flush=True)
    for line in sys.stdin:
        scores = [model.predict(extract(link), want_reasons=False)[1] for link in json.loads(line)]
        print(json.dumps(scores), flush=True)


if __name__ == "__main__":
    main()
