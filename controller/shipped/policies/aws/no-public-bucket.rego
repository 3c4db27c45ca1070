# A bucket may be read by everybody, or the block against it is taken away.
package trueup.aws.no_public_bucket

import data.trueup.library
import rego.v1

acls := {"public-read", "public-read-write", "authenticated-read", "website"}

blocks := ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]

deny contains library.finding(change, sprintf("has the ACL %s", [change.change.after.acl])) if {
	some change in library.touched
	change.type in {"aws_s3_bucket", "aws_s3_bucket_acl"}
	change.change.after.acl in acls
}

deny contains library.finding(change, sprintf("is without %s", [name])) if {
	some change in library.touched
	change.type == "aws_s3_bucket_public_access_block"
	some name in blocks
	not library.is_on(change, name)
}

deny contains library.finding(change, "no longer keeps its bucket from being public") if {
	some change in library.gone
	change.type == "aws_s3_bucket_public_access_block"
	not bucket_goes(change.change.before.bucket)
}

bucket_goes(name) if {
	some change in library.gone
	change.type == "aws_s3_bucket"
	change.change.before.id == name
}

bucket_goes(name) if {
	some change in library.gone
	change.type == "aws_s3_bucket"
	change.change.before.bucket == name
}

is_everybody(statement) if statement.Principal == "*"

is_everybody(statement) if "*" in library.listed(statement.Principal.AWS)

deny contains library.finding(change, "lets everybody in by its policy") if {
	some change in library.touched
	change.type in {"aws_s3_bucket", "aws_s3_bucket_policy"}
	some statement in library.allowing(change.change.after.policy)
	is_everybody(statement)
	not statement.Condition
}

warn contains library.finding(change, "has a policy that is not known yet") if {
	some change in library.touched
	change.type == "aws_s3_bucket_policy"
	library.is_unknown(change, "policy")
}
