"""Diagnostics as SARIF 2.1.0, which forges show beside the code."""

import json
from collections.abc import Iterable
from urllib.parse import quote

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.span import Span

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(diagnostics: Iterable[Diagnostic], *, version: str) -> str:
    """Give one run of Trueup at a version, with a result for each diagnostic."""
    found = list(diagnostics)
    codes = sorted({diagnostic.code for diagnostic in found})
    driver = {
        "name": "Trueup",
        "version": version,
        "rules": [{"id": code, "help": {"text": f"trueup explain {code}"}} for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, codes.index(diagnostic.code)) for diagnostic in found],
    }
    report = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _result(diagnostic: Diagnostic, rule: int) -> dict[str, object]:
    parts = [diagnostic.message]
    if diagnostic.expected:
        parts.append(f"expected {diagnostic.expected}")
    if diagnostic.hint:
        parts.append(diagnostic.hint)
    result: dict[str, object] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": str(diagnostic.severity),
        "message": {"text": "; ".join(parts)},
    }
    if diagnostic.span:
        result["locations"] = [_location(diagnostic.span)]
    if diagnostic.related:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": note.message}, **_location(note.span)}
            for number, note in enumerate(diagnostic.related, start=1)
        ]
    return result


def _location(span: Span) -> dict[str, object]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(span.path), "uriBaseId": "%SRCROOT%"},
            "region": {
                "startLine": span.line,
                "startColumn": span.column,
                "endLine": span.end_line,
                "endColumn": span.end_column,
            },
        }
    }
