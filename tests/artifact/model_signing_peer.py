# SPDX-License-Identifier: Apache-2.0
"""Run in the environment of `model_signing`: does the jobs that come in as JSON, and answers how each ended."""

import json
import sys

from model_signing import hashing, signing, verifying


def config(job):
    made = hashing.Config()
    kind = job.get("hash", "sha256")
    if job.get("shard"):
        made.use_shard_serialization(hashing_algorithm=kind, shard_size=job["shard"])
    else:
        made.use_file_serialization(hashing_algorithm=kind)
    return made.set_ignored_paths(paths=job.get("ignore", []), ignore_git_paths=True)


def sign(job):
    made = signing.Config().set_hashing_config(config(job))
    if job.get("certificate"):
        made.use_certificate_signer(
            private_key=job["key"], signing_certificate=job["certificate"], certificate_chain=job.get("chain", [])
        )
    else:
        made.use_elliptic_key_signer(private_key=job["key"])
    made.sign(job["model"], job["signature"])


def verify(job):
    made = verifying.Config()
    if job.get("root"):
        made.use_certificate_verifier(certificate_chain=[job["root"]])
    else:
        made.use_elliptic_key_verifier(public_key=job["key"])
    made.verify(job["model"], job["signature"])


def answer(job):
    try:
        {"sign": sign, "verify": verify}[job["do"]](job)
    except Exception as error:  # broad: whatever the peer raises is its answer
        return f"{type(error).__name__}: {error}"
    return "ok"


if __name__ == "__main__":
    sys.stdout = sys.stderr  # the peer prints warnings
    answers = [answer(job) for job in json.load(sys.stdin)]
    sys.__stdout__.write(json.dumps(answers))
