"""A copy in memory: one in a store in memory."""

from controller.adapters.secret_copy.in_store import StoreCopy
from controller.adapters.secret_store.memory import MemorySecretStore
from controller.model.delivery import SecretReference


def memory_copy(path: str) -> StoreCopy:
    """Give a place for a copy that nobody else has."""
    return StoreCopy(MemorySecretStore(), SecretReference("memory", path))
