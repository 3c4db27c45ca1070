# A policy allows every action, every action of a service on every resource, or everybody.
package trueup.aws.no_iam_wildcard

import data.trueup.library
import rego.v1

documents contains {"change": change, "name": name, "text": text} if {
	some change in library.touched
	startswith(change.type, "aws_")
	some name in ["policy", "assume_role_policy", "access_policy", "access_policies"]
	text := change.change.after[name]
	is_string(text)
}

documents contains {"change": change, "name": "inline_policy", "text": inner.policy} if {
	some change in library.touched
	change.type == "aws_iam_role"
	some inner in library.listed(object.get(change.change.after, "inline_policy", []))
	is_string(inner.policy)
}

actions(statement) := library.listed(object.get(statement, "Action", []))

deny contains library.finding(found.change, sprintf("allows every action (%s)", [found.name])) if {
	some found in documents
	some statement in library.allowing(found.text)
	"*" in actions(statement)
}

deny contains library.finding(found.change, sprintf("allows all but a few actions (%s)", [found.name])) if {
	some found in documents
	some statement in library.allowing(found.text)
	statement.NotAction
}

# A key's own policy has to name every action of the key on itself.
deny contains library.finding(found.change, sprintf("allows %s on every resource (%s)", [action, found.name])) if {
	some found in documents
	found.change.type != "aws_kms_key"
	some statement in library.allowing(found.text)
	"*" in library.listed(object.get(statement, "Resource", []))
	some action in actions(statement)
	endswith(action, ":*")
}

deny contains library.finding(found.change, "lets everybody take the role") if {
	some found in documents
	found.name == "assume_role_policy"
	some statement in library.allowing(found.text)
	is_everybody(statement)
	not statement.Condition
}

is_everybody(statement) if statement.Principal == "*"

is_everybody(statement) if "*" in library.listed(statement.Principal.AWS)

deny contains library.finding(change, sprintf("gives %s", [arn])) if {
	some change in library.touched
	endswith(change.type, "_policy_attachment")
	arn := change.change.after.policy_arn
	some name in ["AdministratorAccess", "PowerUserAccess", "IAMFullAccess"]
	endswith(arn, sprintf("/%s", [name]))
}

warn contains library.finding(change, "has a policy that is not known yet") if {
	some change in library.touched
	change.type in {"aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy"}
	library.is_unknown(change, "policy")
}
