# Something lies in another region.
package trueup.aws.allowed_regions

import data.trueup.library
import rego.v1

# `region` is there since version 6 of the provider; before, places and names tell it.
regions(change) := {region |
	some region in array.concat(
		[object.get(change.change.after, "region", null)],
		array.concat(by_zone(change), by_name(change)),
	)
	region != null
	region != ""
}

by_zone(change) := [substring(zone, 0, count(zone) - 1) |
	zone := object.get(change.change.after, "availability_zone", null)
	is_string(zone)
	regex.match(`^[a-z]+(-[a-z]+)+-[0-9][a-z]$`, zone)
]

by_name(change) := [parts[3] |
	arn := object.get(change.change.after, "arn", null)
	is_string(arn)
	parts := split(arn, ":")
	count(parts) > 3
]

deny contains library.finding(change, sprintf("lies in the region %s", [region])) if {
	some change in library.kept
	startswith(change.type, "aws_")
	some region in regions(change)
	not region in data.parameters.regions
}
