# SPDX-License-Identifier: Apache-2.0
"""Third-party checks: a real distribution on the path, listed without an import and loaded only if allowed."""

import importlib
import sys
import textwrap

import pytest

from hauberk.assess import (
    InProcess,
    Materials,
    ProcessPool,
    Selection,
    Situation,
    installed_checks,
    open_situation,
    plan,
    plugin_entries,
    refuse_unallowed,
    run_plan,
)
from hauberk.core.errors import ConfigError
from hauberk.core.outcome import Status

CODE = '''
import pathlib
pathlib.Path(__file__).with_name("imported").touch()
from hauberk.core.check import Need, Stage, check

@check(id="ACME-D001", title="t", needs=(), stage=Stage.ASSESS)
def country(ctx, *, limit: int = 3):
    """A page."""
    return []

@check(id="HB-D001", title="t", needs=(), stage=Stage.ASSESS)
def stolen(ctx):
    """A page."""
    return []

def naked(ctx):
    """No check."""
'''


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution: its code and its dist-info, on a path of its own."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(points, name="acme-checks", version="1.2", module="acme_checks", code=CODE):
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(code))
        info = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        lines = [f"{key} = {value}" for key, value in points.items()]
        (info / "entry_points.txt").write_text("[hauberk.checks]\n" + "\n".join(lines) + "\n")
        importlib.invalidate_caches()
        return tmp_path / "imported"

    yield install
    sys.modules.pop("acme_checks", None)


GOOD = {"ACME-D001": "acme_checks:country"}


def test_listing_imports_nothing(install):
    imported = install(GOOD)
    (item,) = installed_checks()
    assert (item.name, item.value, item.distribution, item.version) == (
        "ACME-D001", "acme_checks:country", "acme-checks", "1.2",
    )  # fmt: skip
    assert not item.allowed
    assert installed_checks({"ACME-D001"})[0].allowed
    assert plugin_entries(()) == ()
    assert not imported.exists()


def test_an_allowed_check_loads_plans_and_runs(install, parquet):
    imported = install(GOOD)
    (entry,) = plugin_entries(["ACME-D001"])
    assert imported.exists()
    assert (entry.id, entry.origin, entry.params) == ("ACME-D001", "acme-checks 1.2", {"limit": 3})
    with InProcess(Situation()) as executor:
        (outcome,) = run_plan(plan([entry], Situation()), executor).outcomes
    assert outcome.status is Status.PASSED
    materials = Materials(data=str(parquet))
    with ProcessPool(materials, 1) as pool:
        (again,) = run_plan(plan([entry], open_situation(materials)), pool).outcomes
    assert again == outcome


def test_only_what_is_allowed_is_loaded(install):
    other = "import pathlib; pathlib.Path(__file__).with_name('other-imported').touch()"
    imported = install({"OTHER-D001": "other_checks:x"}, name="other", module="other_checks", code=other)
    install(GOOD)
    assert [entry.id for entry in plugin_entries(["ACME-D001"])] == ["ACME-D001"]
    assert not imported.with_name("other-imported").exists()


def test_a_check_that_is_not_allowed_is_refused_by_name(install):
    imported = install(GOOD)
    with pytest.raises(ConfigError) as caught:
        refuse_unallowed(["acme-d001"], [])
    assert "acme-checks 1.2" in caught.value.why
    assert 'allow = ["ACME-D001"]' in caught.value.next_step
    refuse_unallowed(["ACME-D001"], ["ACME-D001"])
    refuse_unallowed(["HB-D001"], [])
    refuse_unallowed([], [])
    assert not imported.exists()


@pytest.mark.parametrize(
    ("points", "allow", "said"),
    [
        (GOOD, "ACME-D002", "did you mean 'ACME-D001'?"),
        ({"HB-D001": "acme_checks:stolen"}, "HB-D001", "belongs to Hauberk"),
        ({"ACME-D009": "acme_checks:country"}, "ACME-D009", "declares the id ACME-D001"),
        ({"ACME-D001": "acme_checks:absent"}, "ACME-D001", "AttributeError"),
        ({"ACME-D001": "acme_checks:naked"}, "ACME-D001", "TypeError"),
        ({"ACME-D001": "absent_module:x"}, "ACME-D001", "ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_loaded_is_a_configuration_error(install, points, allow, said):
    install(points)
    with pytest.raises(ConfigError) as caught:
        plugin_entries([allow])
    assert said in str(caught.value)


def test_a_module_that_fails_while_it_is_imported_is_named(install):
    install(GOOD, code="raise RuntimeError('boom')")
    with pytest.raises(ConfigError, match="cannot be loaded") as caught:
        plugin_entries(["ACME-D001"])
    assert "RuntimeError: boom" in caught.value.why


def test_a_name_that_two_distributions_offer_is_refused(install):
    imported = install(GOOD)
    install(GOOD, name="evil-checks")
    with pytest.raises(ConfigError, match="offered twice") as caught:
        plugin_entries(["ACME-D001"])
    assert "acme-checks and evil-checks" in caught.value.why
    assert not imported.exists()


def test_a_foreign_check_cannot_shadow_another_one(install):
    install(GOOD)
    (entry,) = plugin_entries(["ACME-D001"])
    with pytest.raises(ConfigError, match="two checks have the id"):
        plan([entry, type(entry)(**{n: getattr(entry, n) for n in type(entry).__slots__} | {"origin": "x"})],
             Situation(), Selection())  # fmt: skip
