# A database, volume, file system, cache or stream is stored without encryption.
package trueup.aws.encryption_at_rest

import data.trueup.library
import rego.v1

switches := {
	"aws_db_instance": "storage_encrypted",
	"aws_rds_cluster": "storage_encrypted",
	"aws_docdb_cluster": "storage_encrypted",
	"aws_neptune_cluster": "storage_encrypted",
	"aws_ebs_volume": "encrypted",
	"aws_efs_file_system": "encrypted",
	"aws_redshift_cluster": "encrypted",
	"aws_elasticache_replication_group": "at_rest_encryption_enabled",
}

deny contains library.finding(change, "is stored without encryption") if {
	some change in library.touched
	name := switches[change.type]
	not library.is_on(change, name)
	not has_source(change)
}

# A copy is encrypted as what it is copied from is.
has_source(change) if object.get(change.change.after, "replicate_source_db", null) != null

deny contains library.finding(change, "is stored without encryption") if {
	some change in library.touched
	change.type == "aws_kinesis_stream"
	object.get(change.change.after, "encryption_type", "NONE") == "NONE"
	not library.is_unknown(change, "encryption_type")
}

deny contains library.finding(change, sprintf("has a disk without encryption (%s)", [block])) if {
	some change in library.touched
	change.type == "aws_instance"
	some block in ["root_block_device", "ebs_block_device"]
	some disk in library.listed(object.get(change.change.after, block, []))
	object.get(disk, "encrypted", null) == false
}
