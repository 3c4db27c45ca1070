"""The tables of `docs/policy.md` are those of the code."""

from pathlib import Path

from controller.steps.risk.table import RULES
from schemas.rules import KIND_WORDS, SHIPPED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "policy.md"


def risk_table() -> str:
    rows = [f"| `{code}` | {rule.points} | {rule.title} |\n" for code, rule in RULES.items()]
    return "| code | points | when |\n| --- | --- | --- |\n" + "".join(rows)


def rule_table() -> str:
    rows = []
    for name, rule in SHIPPED.items():
        parameters = [
            f"`{key}`: {KIND_WORDS[each.kind]}. {each.description}"
            for key, each in rule.parameters.items()
        ]
        rows.append(f"| `{name}` | {rule.description} | {' '.join(parameters) or '-'} |\n")
    return "| rule | what it finds | parameters |\n| --- | --- | --- |\n" + "".join(rows)


def test_the_table_of_risk_is_that_of_the_code() -> None:
    assert risk_table() in PAGE.read_text(encoding="utf-8"), risk_table()


def test_the_table_of_rules_is_that_of_the_code() -> None:
    assert rule_table() in PAGE.read_text(encoding="utf-8"), rule_table()
