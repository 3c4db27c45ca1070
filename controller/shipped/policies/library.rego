# What the shipped rules share. `after` of a change is what will be there; what is not known yet is
# marked in `after_unknown`.
package trueup.library

import rego.v1

# Everything that will be there after the plan: also what the plan leaves as it is.
kept contains change if {
	some change in input.resource_changes
	change.mode != "data"
	change.change.after != null
}

# What the plan makes or changes.
touched contains change if {
	some change in kept
	some action in change.change.actions
	action in {"create", "update"}
}

# What goes away for good.
gone contains change if {
	some change in input.resource_changes
	change.mode != "data"
	change.change.actions == ["delete"]
}

# A list, whether it was written as one or not.
listed(value) := value if is_array(value)

listed(value) := [value] if {
	not is_array(value)
	value != null
}

listed(null) := []

# Whether an attribute cannot be known before the plan is applied.
is_unknown(change, name) if change.change.after_unknown[name] == true

# Whether a switch is on; one that is not known counts as on.
is_on(change, name) if change.change.after[name] == true

is_on(change, name) if is_unknown(change, name)

# The statements of a policy document in JSON that allow something.
allowing(text) := [statement |
	is_string(text)
	startswith(text, "{")
	some statement in listed(object.get(json.unmarshal(text), "Statement", []))
	statement.Effect == "Allow"
]

finding(change, text) := {"msg": sprintf("%s %s", [change.address, text]), "address": change.address}
