"""Which model reads which kind."""

from collections.abc import Mapping

from schemas.document import Document
from schemas.kinds.capacity_plan import CapacityPlan
from schemas.kinds.credential_request import CredentialRequest
from schemas.kinds.environment import Environment
from schemas.kinds.exception import AllowedFinding
from schemas.kinds.forecast import Forecast
from schemas.kinds.load_profile import LoadProfile
from schemas.kinds.load_test import LoadTest
from schemas.kinds.notification import Notification
from schemas.kinds.pipeline import Pipeline
from schemas.kinds.policy import Policy
from schemas.kinds.product import Product
from schemas.kinds.secret import Secret
from schemas.kinds.secret_store import SecretStore
from schemas.kinds.stack import Stack

KINDS: Mapping[str, type[Document]] = {
    "Product": Product,
    "Environment": Environment,
    "Stack": Stack,
    "Pipeline": Pipeline,
    "SecretStore": SecretStore,
    "Secret": Secret,
    "LoadTest": LoadTest,
    "Forecast": Forecast,
    "LoadProfile": LoadProfile,
    "CapacityPlan": CapacityPlan,
    "Policy": Policy,
    "Exception": AllowedFinding,
    "Notification": Notification,
    "CredentialRequest": CredentialRequest,
}
"""Every kind of `platform/v1`."""

OF_A_PRODUCT = frozenset(
    {"Stack", "Pipeline", "Secret", "LoadTest", "Forecast", "LoadProfile", "CapacityPlan"}
)
"""The kinds whose documents belong to a product; the others belong to the platform."""
