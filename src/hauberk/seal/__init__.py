# SPDX-License-Identifier: Apache-2.0
"""Keys, signatures and digests.

Ed25519 keys on disk, DSSE envelopes, C2SP signed notes, RFC 8785 canonical JSON, digests of files and folders.
Cryptography itself comes from a well-kept library.
"""
