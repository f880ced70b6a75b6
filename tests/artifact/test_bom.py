# SPDX-License-Identifier: Apache-2.0
"""Bills of material, held against the official schemas, and what the reader refuses."""

import copy
import dataclasses
import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from spdx_python_model import v3_0_1 as spdx

from hauberk.artifact.bom import (
    BomFacts,
    Dataset,
    Metric,
    Signed,
    bom_differences,
    read_bom,
    write_cyclonedx,
    write_spdx,
)
from hauberk.artifact.manifest import Entry, Manifest
from hauberk.core.errors import Unreadable, UsageError

DIGEST = "sha256:" + "ab" * 32
ENTRIES = (
    Entry(name="a", digest=DIGEST, size=1),
    Entry(name="data", digest=DIGEST, size=1),
    Entry(name="hollow"),
)
FOLDER = Manifest(name="model", folder=True, entries=ENTRIES)
FULL = BomFacts(
    manifest=FOLDER,
    created="2026-01-02T03:04:05Z",
    tool="0.1",
    project="credit",
    framework="lightgbm",
    positive="default",
    threshold="0.34",
    inputs=("income (integer)", "x"),
    datasets=(
        Dataset(role="train", name="t.parquet", digest=DIGEST, provenance={"owner": "A; b=c", "licence": "CC0"}),
        Dataset(role="holdout", name="t.parquet", digest=DIGEST, personal=True),
    ),
    metrics=(
        Metric(name="HB-E001.evaded", value="0.5", unit="rate", low="0.4", high="0.6"),
        Metric(name="HB-E001.evaded", value="7", unit="count", slice="cost <= 10"),
    ),
    limits=("it can be fooled",),
    training={"rows": "10", "note": "a; b=c"},
    packages={"numpy": "2.1.0"},
    scan={"a": "clean (text)"},
    run="r1",
    run_digest=DIGEST,
    decision="deny",
    signed=Signed(name="model.sig.json", digest=DIGEST, signer="alice"),
)
BARE = BomFacts(manifest=FOLDER, created="2026-01-02T03:04:05Z", tool="0.1", project="p")
WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


def of_schema(facts, version):
    text = write_cyclonedx(facts, version=version).decode()
    return JsonStrictValidator(SchemaVersion.from_version(version)).validate_str(text)


def of_model(content):
    """Read by the model of the format, which checks types, required fields and the values of enumerations."""
    found = spdx.SHACLObjectSet()
    spdx.JSONLDDeserializer().deserialize_data(json.loads(content), found)
    found.link()
    return found


@pytest.mark.parametrize("facts", [FULL, BARE])
@pytest.mark.parametrize("version", ["1.6", "1.7"])
def test_cyclonedx_holds_against_its_schema(facts, version):
    assert of_schema(facts, version) is None
    assert write_cyclonedx(facts, version=version) == write_cyclonedx(facts, version=version)
    with pytest.raises(UsageError):
        write_cyclonedx(facts, version="1.5")


@pytest.mark.parametrize("facts", [FULL, BARE])
def test_spdx_holds_against_its_model(facts):
    found = of_model(write_spdx(facts))
    assert not {name for name in found.missing_ids if name.startswith("urn:")}
    (model,) = found.foreach_type(spdx.ai_AIPackage)
    assert model.name == "model"
    assert {one.relationshipType.rpartition("/")[2] for one in found.foreach_type(spdx.Relationship)} >= {
        "hasDeclaredLicense",
        "hasConcludedLicense",
        "contains",
    }


def test_the_schemas_can_refuse():
    broken = json.loads(write_cyclonedx(FULL))
    broken["components"][0]["type"] = "table"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(broken)) is not None
    graph = json.loads(write_spdx(FULL))
    next(one for one in graph["@graph"] if one["type"] == "ai_AIPackage")["software_primaryPurpose"] = "table"
    with pytest.raises(ValueError, match="table"):
        of_model(json.dumps(graph))


@settings(max_examples=25, deadline=None)
@given(WORDS, WORDS, WORDS, st.dictionaries(WORDS, WORDS, max_size=3))
def test_any_words_can_stand_in_a_bill(tmp_path_factory, name, owner, limit, training):
    facts = dataclasses.replace(
        FULL,
        project=name,
        limits=(limit,),
        training=training,
        datasets=(Dataset(role="train", name=name, digest=DIGEST, provenance={"owner": owner, "licence": owner}),),
    )
    assert of_schema(facts, "1.6") is None
    of_model(write_spdx(facts))
    folder = tmp_path_factory.mktemp("bills")
    for number, content in enumerate((write_cyclonedx(facts), write_spdx(facts))):
        (folder / str(number)).write_bytes(content)
        found = read_bom(folder / str(number))
        assert found.subject == facts.subject
        assert {key: found.statements[key] for key in facts.statements} == facts.statements


@pytest.mark.parametrize("write", [write_cyclonedx, lambda facts: write_cyclonedx(facts, version="1.7"), write_spdx])
def test_reading_gives_back_digests_and_statements(tmp_path, write):
    where = tmp_path / "bill"
    where.write_bytes(write(FULL))
    found = read_bom(where)
    assert found.model == "model"
    assert sum(text == DIGEST for text in found.parts.values()) >= 4
    assert any(text == "2.1.0" for text in found.parts.values())
    assert found.statements["metric HB-E001.evaded (rate)"] == "0.5 [0.4, 0.6]"
    assert bom_differences(found, found) == []
    where.write_bytes(write(dataclasses.replace(FULL, packages={"numpy": "2.2.0"}, decision="allow", metrics=())))
    said = "\n".join(bom_differences(found, read_bom(where)))
    assert "numpy: 2.1.0 → 2.2.0" in said
    assert "changed: hauberk:decision: deny → allow" in said
    assert "gone: metric HB-E001.evaded (rate)" in said


def damaged(tree):
    """Copies of a bill that are each wrong in one way."""
    for change in CHANGES if "components" in tree else GRAPH_CHANGES:
        broken = copy.deepcopy(tree)
        change(broken)
        yield broken


CHANGES = [
    lambda t: t.update(specVersion="1.4"),
    lambda t: t.pop("specVersion"),
    lambda t: t["metadata"]["component"].update(type="library"),
    lambda t: t["metadata"].pop("component"),
    lambda t: t["components"].append(t["components"][0]),
    lambda t: t["components"][0]["hashes"][0].update(content="abc"),
    lambda t: t["dependencies"][0]["dependsOn"].append("nowhere"),
    lambda t: t["metadata"]["component"]["modelCard"]["modelParameters"]["datasets"].append({"ref": "data:none"}),
    lambda t: t["metadata"]["component"]["properties"][0].update(value="zz"),
    lambda t: t.update(components=3),
    lambda t: t.update(components=[3]),
]
GRAPH_CHANGES = [
    lambda t: t.update({"@context": "https://example.org"}),
    lambda t: t.update({"@graph": []}),
    lambda t: t["@graph"].append(t["@graph"][-1]),
    lambda t: t["@graph"].append({"type": "ai_AIPackage", "spdxId": "urn:x", "name": "second"}),
    lambda t: t["@graph"].append({"type": "Relationship", "from": "urn:nowhere", "to": []}),
    lambda t: [t["@graph"].remove(one) for one in list(t["@graph"]) if "DeclaredLicense" in str(one)],
    lambda t: next(one for one in t["@graph"] if one["type"] == "software_File")["verifiedUsing"][0].update(
        hashValue="a"
    ),
    lambda t: next(one for one in t["@graph"] if one["type"] == "ai_AIPackage").update(comment="{"),
]


@pytest.mark.parametrize("write", [write_cyclonedx, write_spdx])
def test_bills_that_contradict_themselves_are_refused(tmp_path, write):
    for broken in damaged(json.loads(write(FULL))):
        (tmp_path / "bill").write_text(json.dumps(broken))
        with pytest.raises(Unreadable):
            read_bom(tmp_path / "bill")
    for content in (b"", b"{}", b"[]", b'{"bomFormat":"CycloneDX"}', b'{"a":1,"a":2}', b"\xff"):
        (tmp_path / "bill").write_bytes(content)
        with pytest.raises(Unreadable):
            read_bom(tmp_path / "bill")
