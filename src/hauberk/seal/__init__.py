# SPDX-License-Identifier: Apache-2.0
"""Keys, signatures and digests.

Ed25519 keys on disk with a P-256 half for models, DSSE envelopes, C2SP signed notes, RFC 8785 canonical JSON, SHA-256 of
bytes and files.
Cryptography itself comes from a well-kept library.
"""

from hauberk.seal.canonical import canonical, parse_canonical, parse_json, plain
from hauberk.seal.digest import Summing, digest_bytes, digest_descriptor, digest_file, hex_of, is_digest, open_regular
from hauberk.seal.dsse import Opened, dsse_open, dsse_sign, dsse_verify, pae
from hauberk.seal.keys import PublicKey, Signer, ephemeral_signer, parse_public, parse_vkey, public_key_id
from hauberk.seal.keystore import create_signer, key_directory, load_public, load_signer, load_trusted, stored_keys
from hauberk.seal.model_key import (
    ModelKey,
    ModelSigner,
    TrustedKey,
    load_model_signer,
    model_signer,
    parse_model_key,
    parse_trusted,
    vouched_key,
)
from hauberk.seal.note import Note, NoteSignature, ParsedNote, note_parse, note_sign, note_verify

__all__ = [
    "ModelKey",
    "ModelSigner",
    "Note",
    "NoteSignature",
    "Opened",
    "ParsedNote",
    "PublicKey",
    "Signer",
    "Summing",
    "TrustedKey",
    "canonical",
    "create_signer",
    "digest_bytes",
    "digest_descriptor",
    "digest_file",
    "dsse_open",
    "dsse_sign",
    "dsse_verify",
    "ephemeral_signer",
    "hex_of",
    "is_digest",
    "key_directory",
    "load_model_signer",
    "load_public",
    "load_signer",
    "load_trusted",
    "model_signer",
    "note_parse",
    "note_sign",
    "note_verify",
    "open_regular",
    "pae",
    "parse_canonical",
    "parse_json",
    "parse_model_key",
    "parse_public",
    "parse_trusted",
    "parse_vkey",
    "plain",
    "public_key_id",
    "stored_keys",
    "vouched_key",
]
