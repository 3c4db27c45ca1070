"""Pointers as text: the files of the promotions branch."""

import io
from collections.abc import Mapping

from pydantic import TypeAdapter

from controller.diagnostics.errors import Stalled
from controller.model.decision import Decision
from controller.model.names import Commit, Digest, StageName
from controller.model.release import Pointer

_DECISION = TypeAdapter(Decision)
HEADER = (
    "# Which release this stage is at. Written by Trueup; the branch's history is the record.\n"
)


def pointer_path(stage: StageName) -> str:
    """Tell the path of a stage's pointer on the promotions branch."""
    return f"{stage.product}/{stage.environment}.yaml"


def decision_path(stage: StageName, decision: Digest) -> str:
    """Tell where a decision record lies on the promotions branch."""
    short = decision.removeprefix("sha256:")[:16]
    return f"decisions/{stage.product}/{stage.environment}/{short}.json"


def write_decision(decision: Decision) -> str:
    """Give the record of a decision as JSON; the same decision gives the same text."""
    return _DECISION.dump_json(decision, indent=2).decode() + "\n"


def write_pointer(pointer: Pointer) -> str:
    """Give the text of a pointer's file; the same pointer gives the same text."""
    lines = [
        f"product: {pointer.stage.product}",
        f"environment: {pointer.stage.environment}",
        f'commit: "{pointer.commit}"',  # quoted: some commits read as numbers
        f"release: {pointer.digest}",
    ]
    if pointer.decision:
        lines.append(f"decision: {pointer.decision}")
    if pointer.rejected:
        lines.append(f"rejected: {pointer.rejected}")
    if pointer.rejected_commit:
        lines.append(f'rejected_commit: "{pointer.rejected_commit}"')
    return HEADER + "\n".join(lines) + "\n"


def read_pointer(stage: StageName, files: Mapping[str, str]) -> Pointer | None:
    """Read a stage's pointer; None when there is none. Raises Stalled when it says too little."""
    path = pointer_path(stage)
    text = files.get(path)
    if text is None:
        return None
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        values = YAML(typ="safe", pure=True).load(io.StringIO(text))
        commit, digest = values["commit"], values["release"]
    except (YAMLError, KeyError, TypeError) as error:
        raise Stalled.because(
            f"`{path}` on the promotions branch does not say a commit and a release",
            hint="revert the last commit to that file, or write both keys",
        ) from error
    return Pointer(
        stage=stage,
        commit=Commit(str(commit)),
        digest=Digest(str(digest)),
        decision=_digest(values.get("decision")),
        rejected=_digest(values.get("rejected")),
        rejected_commit=_commit(values.get("rejected_commit")),
    )


def _commit(value: object) -> Commit | None:
    return Commit(value) if isinstance(value, str) else None


def _digest(value: object) -> Digest | None:
    return Digest(value) if isinstance(value, str) else None
