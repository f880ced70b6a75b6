# SPDX-License-Identifier: Apache-2.0
"""Model files as bytes.

Formats recognised by content with readers that never execute, digests of files and folders, signed manifests,
allow-lists and bills of material.
"""

from hauberk.artifact.authenticate import load_certificates
from hauberk.artifact.digest import digest_path
from hauberk.artifact.manifest import Entry, Manifest, make_manifest
from hauberk.artifact.sign import Signature, sign_model, signature_path, signed_digest, verify_model
from hauberk.artifact.statement import subject_of

__all__ = [
    "Entry",
    "Manifest",
    "Signature",
    "digest_path",
    "load_certificates",
    "make_manifest",
    "sign_model",
    "signature_path",
    "signed_digest",
    "subject_of",
    "verify_model",
]
