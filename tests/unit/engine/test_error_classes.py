"""Errors as providers give them, and what happens next."""

import json

import pytest

from controller.adapters.engine._error_classes import TABLE, ErrorClass, classify
from controller.adapters.engine._errors import make_error
from controller.adapters.engine._runner import Finished
from controller.diagnostics.errors import EngineFailed, EngineRefused, Throttled, TrueupError
from controller.ports.engine import EngineVersion

VERSION = EngineVersion("terraform", "1.11.4")
THROTTLED = (
    "creating EC2 VPC: operation error EC2: CreateVpc, exceeded maximum number of attempts, 25, "
    "https response error StatusCode: 503, RequestID: 6a1f, api error RequestLimitExceeded: "
    "Request limit exceeded."
)
SLOW = (
    "reading S3 Bucket (logs): operation error S3: HeadBucket, https response error StatusCode: "
    "503, RequestID: Z1, HostID: x, api error SlowDown: Please reduce your request rate."
)
RATE = (
    "listing IAM Role (deployer) policies: operation error IAM: ListRolePolicies, https response "
    "error StatusCode: 400, RequestID: 7c2, api error Throttling: Rate exceeded"
)
DENIED = (
    "creating S3 Bucket (assets): operation error S3: CreateBucket, https response error "
    "StatusCode: 403, RequestID: F2, HostID: y, api error AccessDenied: Access Denied"
)
UNAUTHORIZED = (
    "creating EC2 VPC: operation error EC2: CreateVpc, https response error StatusCode: 403, "
    "RequestID: 1, api error UnauthorizedOperation: You are not authorized to perform this "
    "operation. User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ec2:CreateVpc"
)
NO_CREDENTIALS = (
    "Error: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: "
    "GetMetadata, request canceled, context deadline exceeded"
)
RESET = (
    'reading RDS DB Instance (shop): operation error RDS: DescribeDBInstances, Post "https://rds": '
    "read tcp 10.0.0.1:443: read: connection reset by peer"
)
UNAVAILABLE = (
    "creating SQS Queue (jobs): operation error SQS: CreateQueue, https response error StatusCode: "
    "503, RequestID: 5, api error ServiceUnavailable: Service is currently unavailable"
)
CASES = [
    ("apply", "creating EC2 VPC", THROTTLED, Throttled),
    ("plan", "reading S3 Bucket", SLOW, Throttled),
    ("plan", "listing IAM Role policies", RATE, Throttled),
    ("plan", "Error 429: rateLimitExceeded", "", Throttled),
    ("apply", "creating S3 Bucket", DENIED, EngineRefused),
    ("plan", "creating EC2 VPC", UNAUTHORIZED, EngineRefused),
    ("plan", "No valid credential sources found", NO_CREDENTIALS, EngineRefused),
    ("apply", "creating EC2 VPC", "api error VpcLimitExceeded: too many VPCs", EngineRefused),
    ("apply", "creating IAM Policy", "api error MalformedPolicyDocument: Syntax", EngineRefused),
    ("plan", "reading RDS DB Instance", RESET, EngineFailed),
    ("apply", "creating SQS Queue", UNAVAILABLE, EngineFailed),
    ("plan", "Plugin did not respond", "The plugin encountered an error, and failed", EngineFailed),
    ("plan", "Failed to query available provider packages", "dial tcp: i/o timeout", EngineFailed),
    ("apply", "something that nobody has seen", "what it says", EngineFailed),
]  # fmt: skip


def failed(operation: str, *errors: tuple[str, str]) -> TrueupError:
    lines = [
        json.dumps(
            {
                "type": "diagnostic",
                "diagnostic": {"severity": "error", "summary": summary, "detail": detail},
            }
        )
        for summary, detail in errors
    ]
    return make_error(VERSION, operation, Finished(1, "\n".join(lines), ""))


@pytest.mark.parametrize(("operation", "summary", "detail", "error"), CASES)
def test_a_providers_words_say_what_happens_next(
    operation: str, summary: str, detail: str, error: type[TrueupError]
) -> None:
    assert type(failed(operation, (summary, detail))) is error


def test_a_throttled_call_among_others_slows_the_whole_unit() -> None:
    assert type(failed("apply", ("a", DENIED), ("b", RESET), ("c", THROTTLED))) is Throttled


def test_one_fault_that_may_pass_among_permanent_ones_is_tried_again() -> None:
    assert type(failed("apply", ("a", DENIED), ("b", RESET))) is EngineFailed


def test_a_permanent_fault_says_what_to_do() -> None:
    hints = {error.hint for error in failed("apply", ("a", DENIED)).diagnostics}
    assert hints == {"let the role of the environment's provider do what it names"}


def test_words_are_found_whole_and_over_broken_lines() -> None:
    assert classify("a NoThrottlingAtAll module") is None
    known = classify("the service said: Rate\n      exceeded")
    assert known is not None
    assert known.kind == ErrorClass.THROTTLED


def test_no_text_stands_in_two_rows() -> None:
    texts = [text for known in TABLE for text in known.texts]
    assert len(texts) == len(set(texts))


def test_a_provider_that_is_not_there_in_the_wanted_version_is_told_with_a_way_out() -> None:
    said = (
        "\nError: Failed to query available provider packages\n\nCould not retrieve the list of "
        "available versions for provider hashicorp/aws: no available releases\nmatch the given "
        "constraints >= 6.0.0\n"
    )
    error = make_error(VERSION, "init", Finished(1, "", said))
    assert isinstance(error, EngineRefused)
    (found,) = error.diagnostics
    assert "match the given constraints >= 6.0.0" in found.message
    assert "use a version of the module that takes the provider" in (found.hint or "")
