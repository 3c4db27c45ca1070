"""Policies without Rego: of a file only rules that say one text are understood.

`deny contains "text"` and `deny contains {"msg": "text", "address": "a.b"}` say that, with
`if "word" in input` only when the document holds the word; `loop` as a rule never ends, and
`broken` is no Rego.
"""

import json
import re
from collections.abc import Mapping, Sequence

from controller.ports.policy_engine import (
    PolicyAnswer,
    PolicyFault,
    PolicyModules,
    PolicySaying,
)

_RULE = re.compile(
    r'^(?P<rule>(?:deny|violation|warn)(?:_\w+)?) contains (?P<value>".*?"|\{.*?\})'
    r'(?: if "(?P<word>[^"]*)" in input\..*)?$',
    re.MULTILINE,
)


class MemoryPolicyEngine:
    """See the port."""

    def check(self, files: Mapping[str, str]) -> tuple[PolicyFault, ...]:
        """See the port."""
        return tuple(
            PolicyFault(path, 1, 1, "it cannot be read")
            for path, text in sorted(files.items())
            if not text.startswith("package ")
        )

    async def evaluate(
        self, document: str, about: Mapping[str, object], policies: Sequence[PolicyModules]
    ) -> tuple[PolicyAnswer, ...]:
        """See the port."""
        judged = document + json.dumps(about)
        return tuple(self._answer(policy, judged) for policy in policies)

    async def close(self) -> None:
        """See the port."""

    def _answer(self, policy: PolicyModules, judged: str) -> PolicyAnswer:
        if self.check(policy.files):
            return PolicyAnswer(policy.name, problem="it cannot be read")
        text = "\n".join(policy.files.values())
        if re.search(r"numbers\.range", text):
            return PolicyAnswer(policy.name, problem="it did not end")
        found = [each for each in _RULE.finditer(text) if (each["word"] or "") in judged]
        if not found and not _RULE.search(text):
            return PolicyAnswer(policy.name, problem="no rule is in it")
        sayings = sorted(map(_saying, found), key=lambda s: (s.rule, s.message, s.address))
        return PolicyAnswer(policy.name, tuple(sayings))


def _saying(found: re.Match[str]) -> PolicySaying:
    value = json.loads(found["value"])
    if isinstance(value, str):
        return PolicySaying(found["rule"], value)
    return PolicySaying(found["rule"], value["msg"], value.get("address", ""))
