"""A moto server with the few answers that it lacks and the AWS provider waits for.

Without them a budget and a target of autoscaling cannot be made at all; what is answered here was
never said by AWS, so it proves that our modules can be applied, not that AWS takes them.
"""

import json
import sys
from typing import Any

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.budgets.responses import BudgetsResponse
from moto.server import main
from moto.sqs.models import Queue

TAGS: dict[str, dict[str, str]] = {}


def list_tags_of_target(response: ApplicationAutoScalingResponse) -> str:
    return json.dumps({"Tags": TAGS.get(response._get_param("ResourceARN"), {})})


def tag_target(response: ApplicationAutoScalingResponse) -> str:
    TAGS.setdefault(response._get_param("ResourceARN"), {}).update(response._get_param("Tags"))
    return "{}"


def untag_target(response: ApplicationAutoScalingResponse) -> str:
    for key in response._get_param("TagKeys"):
        TAGS.get(response._get_param("ResourceARN"), {}).pop(key, None)
    return "{}"


def subscribers_of_a_notification(response: BudgetsResponse) -> str:
    account = response.backend.budgets[response._get_param("AccountId")]
    wanted = response._get_param("Notification")
    found = [
        notification.subscribers
        for notification in account[response._get_param("BudgetName")].notifications
        if all(notification.details.get(key) == value for key, value in wanted.items())
    ]
    return json.dumps({"Subscribers": found[0] if found else []})


def list_tags_of_budget(response: BudgetsResponse) -> str:
    tags = TAGS.get(response._get_param("ResourceARN"), {})
    return json.dumps({"ResourceTags": [{"Key": k, "Value": v} for k, v in tags.items()]})


def tag_budget(response: BudgetsResponse) -> str:
    tags = {tag["Key"]: tag["Value"] for tag in response._get_param("ResourceTags")}
    TAGS.setdefault(response._get_param("ResourceARN"), {}).update(tags)
    return "{}"


def update_budget(response: BudgetsResponse) -> str:
    account = response.backend.budgets[response._get_param("AccountId")]
    wanted = response._get_param("NewBudget")
    budget = account[wanted["BudgetName"]]
    budget.budget.update(wanted)
    return "{}"


def keeping_the_policy(set_attributes: Any) -> Any:
    """Let a queue keep the policy that a call does not speak of."""

    def set_and_keep(queue: Queue, attributes: dict[str, Any], now: float | None = None) -> None:
        before = getattr(queue, "policy", None)
        set_attributes(queue, attributes, now)
        if "Policy" not in attributes:
            queue.policy = before

    return set_and_keep


GAPS = {
    ApplicationAutoScalingResponse: {
        "list_tags_for_resource": list_tags_of_target,
        "tag_resource": tag_target,
        "untag_resource": untag_target,
    },
    BudgetsResponse: {
        "update_budget": update_budget,
        "describe_subscribers_for_notification": subscribers_of_a_notification,
        "list_tags_for_resource": list_tags_of_budget,
        "tag_resource": tag_budget,
    },
}

if __name__ == "__main__":
    for response, answers in GAPS.items():
        for name, answer in answers.items():
            if not hasattr(response, name):
                setattr(response, name, answer)
    Queue.redrive_allow_policy = None
    Queue.BASE_ATTRIBUTES.append("RedriveAllowPolicy")
    Queue._set_attributes = keeping_the_policy(Queue._set_attributes)
    main(sys.argv[1:])
