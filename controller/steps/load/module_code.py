"""Which files of a module are code, in which of Terraform's syntaxes, and what they hold."""

from dataclasses import dataclass

from controller.steps.load.hcl import Block, read_hcl
from controller.steps.load.tf_json import read_tf_json

JSON = ".tf.json"
READ = (".tf", JSON)
UNREAD = (".tofu", ".tofu.json")
_OVERRIDES = ("_override.tf", "_override.tf.json")


@dataclass(frozen=True, slots=True)
class Code:
    """The blocks of a file, and its texts, with templates in them, each with its place."""

    root: Block
    texts: tuple[tuple[int, str], ...]


def is_read(name: str) -> bool:
    """Tell whether a file is code that can be read."""
    return name.endswith(READ)


def is_code(name: str) -> bool:
    """Tell whether the engine reads a file as a part of a module."""
    return name.endswith((*READ, *UNREAD))


def overrides(name: str) -> bool:
    """Tell whether Terraform lays a file of a module's folder over the others."""
    return name.endswith(_OVERRIDES) or name in {"override.tf", "override.tf.json"}


def may_hold(name: str, content: bytes, word: bytes) -> bool:
    """Tell whether a file may hold a word: one in JSON may write it with escapes."""
    return is_read(name) and (name.endswith(JSON) or word in content)


def read_code(name: str, text: str) -> Code:
    """Read a file; raises HclError."""
    if name.endswith(JSON):
        return Code(*read_tf_json(text))
    return Code(read_hcl(text), ((0, text),))
