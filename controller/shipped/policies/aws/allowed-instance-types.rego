# A machine, database or cache is of another type.
package trueup.aws.allowed_instance_types

import data.trueup.library
import rego.v1

deny contains library.finding(change, sprintf("is of the type %s", [kind])) if {
	some change in library.touched
	startswith(change.type, "aws_")
	some name in ["instance_type", "instance_class", "node_type", "cache_node_type"]
	kind := change.change.after[name]
	is_string(kind)
	not is_allowed(kind)
}

is_allowed(kind) if {
	some pattern in data.parameters.types
	glob.match(pattern, ["."], kind)
}
