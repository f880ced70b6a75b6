# SPDX-License-Identifier: Apache-2.0
"""A writer process for the tests: appends events and says after each append which numbers are acknowledged.

python writer.py PLACE KEY_FOLDER WRITER_NAME ROUNDS [TRUSTED_VKEY ...]
"""

import os
import sys

from hauberk.core.event import Event
from hauberk.ledger import open_ledger
from hauberk.seal import load_public, load_signer


def main() -> None:
    place, folder, name, rounds, *trusted = sys.argv[1:]
    keys = [load_public(vkey) for vkey in trusted]
    signer = load_signer(name, folder)
    number = 0
    os.write(1, b"ready\n")
    with open_ledger(place, signer=signer, origin="example.com/credit", keys=keys, timeout_s=60) as ledger:
        for turn in range(int(rounds)):
            batch = [
                Event(kind="test.happened", at_us=1, actor=name, payload={"number": number + i, "pid": os.getpid()})
                for i in range(1 + turn % 3)
            ]
            ledger.append(batch)
            number += len(batch)
            os.write(1, f"{os.getpid()} {number}\n".encode())


if __name__ == "__main__":
    main()
