# A log group is kept for a shorter time; 0 days mean for ever.
package trueup.aws.log_retention

import data.trueup.library
import rego.v1

days := object.get(data.parameters, "days", 30)

deny contains library.finding(change, sprintf("is kept for %d days, fewer than %d", [kept, days])) if {
	some change in library.touched
	change.type == "aws_cloudwatch_log_group"
	kept := object.get(change.change.after, "retention_in_days", 0)
	kept != 0
	kept < days
}
