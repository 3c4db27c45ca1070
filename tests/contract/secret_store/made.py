"""The one secret of the prepared server."""

from controller.diagnostics.secret import SecretText
from controller.model.delivery import SecretReference

WHERE = SecretReference("main", "kept/x")
CANARY = SecretText("canary-9d1c22b7")
