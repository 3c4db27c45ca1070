# Something that can have tags lacks one.
package trueup.aws.required_tags

import data.trueup.library
import rego.v1

# What the provider puts on everything is in `tags_all` alone.
tags(change) := change.change.after.tags_all if is_object(change.change.after.tags_all)

tags(change) := change.change.after.tags if {
	not is_object(change.change.after.tags_all)
	is_object(change.change.after.tags)
}

tags(change) := {} if {
	not is_object(change.change.after.tags_all)
	not is_object(change.change.after.tags)
}

can_have_tags(change) if "tags" in object.keys(change.change.after)

can_have_tags(change) if "tags_all" in object.keys(change.change.after)

deny contains library.finding(change, sprintf("lacks the tag %s", [name])) if {
	some change in library.touched
	startswith(change.type, "aws_")
	can_have_tags(change)
	not library.is_unknown(change, "tags_all")
	some name in data.parameters.tags
	object.get(tags(change), name, "") == ""
}
