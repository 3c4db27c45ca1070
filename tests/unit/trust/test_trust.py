"""Which heads are accepted, by who signed what."""

import pytest

from controller.adapters.git.memory import MemoryRepository
from controller.model.history import SignersRule, Trust
from controller.model.names import Revision
from controller.steps.trust import judge

RULES = Trust(
    (
        SignersRule(("platform/*",), ("ann@example.com",)),
        SignersRule(("platform/prod*", "pipeline.yaml"), ("ann@example.com", "ben@example.com")),
    )
)
ANN, BEN, EVE = "ann@example.com", "ben@example.com", "eve@example.com"


@pytest.fixture
def repository() -> MemoryRepository:
    return MemoryRepository(guarded=True)


async def codes(repository: MemoryRepository, accepted=None, trust: Trust = RULES) -> list[str]:
    since = Revision("main", accepted) if accepted else None
    head = await repository.fetch(since)
    return [found.code for found in await judge(repository, trust, head, accepted)]


async def test_the_head_must_be_signed_by_somebody_known(repository) -> None:
    repository.commit({"a.yaml": "1"})
    assert await codes(repository) == ["trust/not-signed"]
    repository.commit({"a.yaml": "2"}, signed_by=EVE)
    assert await codes(repository) == []


@pytest.mark.parametrize(
    ("path", "signer", "wanted"),
    [
        ("platform/dev.yaml", ANN, []),
        ("platform/deep/dev.yaml", BEN, ["trust/signer-not-allowed"]),
        ("pipeline.yaml", BEN, []),
        ("pipeline.yaml", EVE, ["trust/signer-not-allowed"]),
        ("platform/production.yaml", ANN, []),
        ("platform/production.yaml", BEN, ["trust/signer-not-allowed"]),
        ("platform/production.yaml", EVE, ["trust/signer-not-allowed"] * 2),
        ("products/a.yaml", EVE, []),
    ],
)
async def test_every_rule_of_a_path_must_allow_the_signer(repository, path, signer, wanted) -> None:
    accepted = repository.commit({"a.yaml": "1"}, signed_by=ANN)
    repository.commit({path: "1"}, signed_by=signer)
    assert await codes(repository, accepted) == wanted


async def test_a_commit_on_the_way_counts_as_the_head_does(repository) -> None:
    accepted = repository.commit({"a.yaml": "1"}, signed_by=ANN)
    between = repository.commit({"pipeline.yaml": "1"})
    repository.commit({"a.yaml": "2"}, signed_by=ANN)
    head = await repository.fetch()
    found = await judge(repository, RULES, head, accepted)
    assert [each.code for each in found] == ["trust/not-signed"]
    assert between in found[0].message
    assert "pipeline.yaml" in found[0].message


async def test_an_unsigned_commit_elsewhere_is_covered_by_the_head(repository) -> None:
    accepted = repository.commit({"a.yaml": "1"}, signed_by=ANN)
    repository.commit({"products/x.yaml": "1"})
    repository.commit({"a.yaml": "2"}, signed_by=EVE)
    assert await codes(repository, accepted) == []


async def test_a_change_that_is_taken_back_on_the_way_counts(repository) -> None:
    accepted = repository.commit({"platform/x.yaml": "1"}, signed_by=ANN)
    repository.commit({"platform/x.yaml": "2"}, signed_by=EVE)
    repository.commit({"platform/x.yaml": "1"}, signed_by=ANN)
    assert await codes(repository, accepted) == ["trust/signer-not-allowed"]


@pytest.mark.parametrize(("signer", "wanted"), [(ANN, []), (EVE, ["trust/signer-not-allowed"])])
async def test_a_first_head_stands_for_all_that_is_there(repository, signer, wanted) -> None:
    repository.commit({"platform/x.yaml": "1", "a.yaml": "1"})
    repository.commit({"a.yaml": "2"}, signed_by=signer)
    assert await codes(repository) == wanted


async def test_an_old_head_cannot_come_back_by_a_rewrite(repository) -> None:
    repository.commit({"platform/x.yaml": "old"}, signed_by=ANN)
    accepted = repository.commit({"platform/x.yaml": "new"}, signed_by=ANN)
    await repository.fetch()
    repository.commit({"platform/x.yaml": "old"}, signed_by=ANN, rewrite=True)
    assert await codes(repository, accepted) == ["trust/rewritten"]


async def test_a_rewrite_that_leaves_ruled_paths_alone_is_judged_by_its_commits(repository) -> None:
    accepted = repository.commit({"a.yaml": "1"}, signed_by=ANN)
    await repository.fetch()
    repository.commit({"a.yaml": "2"}, signed_by=EVE, rewrite=True)
    assert await codes(repository, accepted) == []


async def test_a_diagnostic_names_commit_and_signer(repository) -> None:
    accepted = repository.commit({"a.yaml": "1"}, signed_by=ANN)
    commit = repository.commit({"platform/x.yaml": "1"}, signed_by=EVE)
    found = await judge(repository, RULES, await repository.fetch(), accepted)
    assert commit in found[0].message
    assert EVE in found[0].message
    assert ANN in (found[0].expected or "")


async def test_a_commit_without_a_signature_is_told_once(repository) -> None:
    repository.commit({"platform/production.yaml": "1"})
    assert await codes(repository) == ["trust/not-signed"]
    accepted = repository.commit({"a.yaml": "1"}, signed_by=ANN)
    repository.commit({"platform/production.yaml": "2"})
    assert await codes(repository, accepted) == ["trust/not-signed"]
