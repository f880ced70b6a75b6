# SPDX-License-Identifier: Apache-2.0
"""The catalogue names its source, holds well-formed ids, and refuses what it does not hold."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.resources import files

import pytest

from hauberk.catalog import find_threat, minor_digits, threat, threats
from hauberk.core.errors import UsageError

FORMS = {
    "MITRE ATLAS": r"AML\.T\d{4}(\.\d{3})?",
    "OWASP Machine Learning Security Top 10": r"ML\d\d:2023",
    "NIST AI 100-2": r"NISTAML\.\d{2,3}",
    "CWE": r"CWE-\d{1,4}",
}


def test_ids_have_the_form_of_their_framework():
    assert {item.framework for item in threats()} == set(FORMS)
    for item in threats():
        assert re.fullmatch(FORMS[item.framework], item.id), item
        assert item.name.strip() == item.name != ""
        assert item.url.startswith("https://")
        assert "{" not in item.url
        assert threat(item.id) is find_threat(item.id)


def test_ids_are_unique_over_all_files():
    folder = files("hauberk.catalog").joinpath("data")
    ids = [
        key
        for name in ("atlas", "owasp", "nist", "cwe")
        for key in tomllib.loads(folder.joinpath(f"{name}.toml").read_text())["names"]
    ]
    assert len(ids) == len(set(ids)) == len(threats())


@pytest.mark.parametrize("name", ["atlas", "owasp", "nist", "cwe"])
def test_every_file_names_version_source_and_licence(name):
    content = tomllib.loads(files("hauberk.catalog").joinpath(f"data/{name}.toml").read_text())
    assert all(content[key] for key in ("framework", "version", "source", "licence", "url"))


def test_every_subtechnique_has_its_parent():
    held = {item.id for item in threats()}
    assert all(item.rpartition(".")[0] in held for item in held if re.fullmatch(r"AML\.T\d{4}\.\d{3}", item))


def test_the_urls_of_known_ids():
    assert threat("AML.T0043.001").url == "https://atlas.mitre.org/techniques/AML.T0043.001"
    assert threat("CWE-502").url == "https://cwe.mitre.org/data/definitions/502.html"


def test_an_unknown_id_is_an_error_with_a_suggestion():
    with pytest.raises(UsageError) as caught:
        threat("AML.T00015")
    assert "AML.T0015" in caught.value.next_step
    assert find_threat("AML.T9999") is None
    with pytest.raises(UsageError):
        threat("")


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("jpy", 0), ("KWD", 3), ("TWD", 2), ("", 2), ("???", 2)])
def test_minor_digits(currency, digits):
    assert minor_digits(currency) == digits


def test_the_catalogue_is_light():
    code = (
        "import sys, hauberk.catalog as c; c.threat('CWE-502');"
        "print([m for m in ('numpy', 'polars', 'msgspec', 'jinja2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
