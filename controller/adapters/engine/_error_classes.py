"""What providers and networks say of themselves → whether trying again helps, and what to do."""

import re
from dataclasses import dataclass
from enum import StrEnum


class ErrorClass(StrEnum):
    """What happens next."""

    THROTTLED = "throttled"
    """Too many requests: later, and slower for the whole account."""
    PERMANENT = "permanent"
    """The same will be said again until somebody changes something."""
    TRANSIENT = "transient"
    """The network or the service; trying again may help."""


@dataclass(frozen=True, slots=True)
class Known:
    """Words that are known: texts as they stand in a message, at the bounds of words."""

    kind: ErrorClass
    texts: tuple[str, ...]
    hint: str | None = None


# The first row that fits decides: a throttled call often carries a 503 or a 400 as well, and a
# refused login hides behind the timeout of the place that it was asked of.
TABLE = (
    Known(
        ErrorClass.THROTTLED,
        (
            "BandwidthLimitExceeded", "EC2ThrottledException", "PriorRequestNotComplete",
            "ProvisionedThroughputExceededException", "Rate exceeded", "RequestLimitExceeded",
            "RequestThrottled", "RequestThrottledException", "SlowDown",
            "Please reduce your request", "SubscriptionRequestsThrottled", "ThrottledException",
            "Throttling", "ThrottlingException", "Too Many Requests", "TooManyRequests",
            "TooManyRequestsException", "StatusCode: 429", "status code: 429", "Error 429",
            "rateLimitExceeded", "retry quota exceeded",
        ),
    ),
    Known(
        ErrorClass.PERMANENT,
        (
            "No valid credential sources found", "ExpiredToken", "ExpiredTokenException",
            "InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException",
            "InvalidAccessKeyId", "AuthFailure", "StatusCode: 401", "status code: 401",
            "failed to refresh cached credentials", "AWS account ID not allowed",
        ),
        "look at the credentials that the environment's provider uses",
    ),
    Known(
        ErrorClass.PERMANENT,
        (
            "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationFailed",
            "PERMISSION_DENIED", "UnauthorizedOperation", "is not authorized to perform",
            "OptInRequired", "StatusCode: 403", "status code: 403", "Error 403",
        ),
        "let the role of the environment's provider do what it names",
    ),
    Known(
        ErrorClass.PERMANENT,
        (
            "AddressLimitExceeded", "InstanceLimitExceeded", "QuotaExceeded", "LimitExceeded",
            "LimitExceededException", "ServiceQuotaExceededException", "VcpuLimitExceeded",
            "VpcLimitExceeded", "quotaExceeded",
        ),
        "ask the provider for a higher quota, or take away what is not needed",
    ),
    Known(
        ErrorClass.PERMANENT,
        (
            "no available releases match", "does not match configured version constraint",
            "was not found in any of the search locations",
        ),
        "use a version of the module that takes the provider as it is there, or put the one that it"
        " wants into the folder of `provider_mirror`",
    ),
    Known(
        ErrorClass.PERMANENT,
        ("RequestTimeTooSkewed", "Signature expired"),
        "set the clock of the controller's machine",
    ),
    Known(
        ErrorClass.PERMANENT,
        (
            "BucketAlreadyExists", "EntityAlreadyExists", "InvalidBucketName",
            "InvalidParameterCombination", "MalformedPolicyDocument",
            "MalformedPolicyDocumentException", "ValidationError", "ValidationException",
        ),
        "change what the stack gives to the module",
    ),
    Known(
        ErrorClass.TRANSIENT,
        (
            "BadGateway", "GatewayTimeout", "InternalError", "InternalFailure",
            "InternalServerError", "InternalServiceError", "RequestTimeout",
            "RequestTimeoutException", "ServiceUnavailable", "ServiceUnavailableException",
            "Plugin did not respond", "The plugin encountered an error", "plugin crashed",
            "StatusCode: 500", "StatusCode: 502", "StatusCode: 503", "StatusCode: 504",
            "status code: 500", "status code: 502", "status code: 503", "status code: 504",
            "TLS handshake timeout", "connection refused", "connection reset by peer",
            "context deadline exceeded", "i/o timeout", "no such host", "unexpected EOF",
            "timeout while waiting for", "Client.Timeout exceeded", "network is unreachable",
        ),
    ),
)  # fmt: skip

_PATTERNS = tuple(
    (known, re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, known.texts))})(?!\w)"))
    for known in TABLE
)


def classify(text: str) -> Known | None:
    """Find the row that a message belongs to; None for words that are not known."""
    joined = " ".join(text.split())
    return next((known for known, pattern in _PATTERNS if pattern.search(joined)), None)
