# SPDX-License-Identifier: Apache-2.0
"""Where private keys live, and what is refused about them."""

import os
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hauberk.core.errors import Denied, Unreadable, UsageError
from hauberk.seal import create_signer, digest_bytes, digest_file, key_directory, load_public, load_signer, stored_keys


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("XDG_CONFIG_HOME", "HAUBERK_KEY", "HAUBERK_KEY_NAME", "HAUBERK_KEY_PASSPHRASE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_key_is_stored_with_tight_modes_and_comes_back(home):
    made = create_signer("alice")
    folder = home / ".config" / "hauberk" / "keys"
    assert key_directory() == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "alice.pem").stat().st_mode) == 0o600
    loaded = load_signer()
    assert loaded.public == made.public == load_public(folder / "alice.pub") == load_public(made.public.vkey)
    assert stored_keys() == ("alice",)


def test_xdg_is_respected_if_absolute(home, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "conf"))
    assert key_directory() == home / "conf" / "hauberk" / "keys"
    monkeypatch.setenv("XDG_CONFIG_HOME", "conf")
    assert key_directory() == home / ".config" / "hauberk" / "keys"


def test_passphrases(home, monkeypatch):
    made = create_signer("alice", passphrase="correct horse")
    assert b"ENCRYPTED" in (key_directory() / "alice.pem").read_bytes()
    with pytest.raises(UsageError, match="needs a passphrase"):
        load_signer("alice")
    with pytest.raises(UsageError, match="does not open"):
        load_signer("alice", passphrase="wrong")
    assert load_signer("alice", passphrase="correct horse").public == made.public
    monkeypatch.setenv("HAUBERK_KEY_PASSPHRASE", "correct horse")
    assert load_signer("alice").public == made.public


def test_a_loose_key_file_or_folder_is_refused(home):
    create_signer("alice")
    path = key_directory() / "alice.pem"
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(Denied, match="open to other users"):
            load_signer("alice")
    path.chmod(0o600)
    load_signer("alice")
    key_directory().chmod(0o755)
    with pytest.raises(Denied):
        create_signer("bob")


def test_a_key_is_never_kept_in_a_project(home):
    project = home / "work" / "project"
    project.mkdir(parents=True)
    (project / "hauberk.toml").touch()
    with pytest.raises(Denied, match="project"):
        create_signer("alice", project / "keys")
    with pytest.raises(Denied, match="project"):
        create_signer("alice", home / "other" / ".hauberk" / "keys")
    assert not (project / "keys").exists()


def test_the_environment_serves_continuous_integration(home, monkeypatch):
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    monkeypatch.setenv("HAUBERK_KEY", pem)
    assert load_signer().name == "ci"
    assert load_signer("release").name == "release"
    monkeypatch.setenv("HAUBERK_KEY_NAME", "runner")
    signer = load_signer()
    assert (signer.name, signer.source) == ("runner", "HAUBERK_KEY")
    assert signer.public.raw == private.public_key().public_bytes_raw()
    monkeypatch.setenv("HAUBERK_KEY", "not a key")
    with pytest.raises(Unreadable) as caught:
        load_signer()
    assert "not a key" not in str(caught.value)


def test_choosing_among_keys(home):
    with pytest.raises(UsageError, match="there is no key"):
        load_signer()
    create_signer("alice")
    create_signer("bob")
    with pytest.raises(UsageError) as caught:
        load_signer()
    assert "alice, bob" in caught.value.next_step
    with pytest.raises(UsageError, match="no key named 'carol'"):
        load_signer("carol")
    with pytest.raises(UsageError, match="exists"):
        create_signer("alice")
    for name in ("../x", "", "a/b", ".hidden", "a b"):
        with pytest.raises(UsageError):
            create_signer(name)


def test_foreign_and_broken_key_files(home):
    create_signer("alice")
    folder = key_directory()
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (other, b"", b"\xff\x00", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        (folder / "bad.pem").write_bytes(content)
        (folder / "bad.pem").chmod(0o600)
        with pytest.raises(Unreadable):
            load_signer("bad")
    (folder / "link.pem").symlink_to(folder / "alice.pem")
    with pytest.raises(Unreadable):
        load_signer("link")


def test_digests(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert digest_file(path) == digest_bytes(b"abc")
    assert digest_bytes(b"abc").endswith("20015ad")
    with pytest.raises(UsageError):
        digest_file(tmp_path / "none")
    with pytest.raises(Unreadable):
        digest_file(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Unreadable):
        digest_file(tmp_path / "pipe")
