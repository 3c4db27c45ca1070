# A database is without protection against deletion, a last snapshot, or enough days of backups.
package trueup.aws.protected_database

import data.trueup.library
import rego.v1

days := object.get(data.parameters, "backupDays", 7)

databases := {"aws_db_instance", "aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster"}

# Members of a cluster and replicas are protected by it.
database contains change if {
	some change in library.touched
	change.type in databases
	object.get(change.change.after, "replicate_source_db", null) == null
}

deny contains library.finding(change, "may be deleted: deletion_protection is off") if {
	some change in database
	not library.is_on(change, "deletion_protection")
}

deny contains library.finding(change, "would go without a last snapshot: skip_final_snapshot is on") if {
	some change in database
	change.change.after.skip_final_snapshot == true
}

deny contains library.finding(change, sprintf("keeps backups for fewer than %d days", [days])) if {
	some change in database
	object.get(change.change.after, "backup_retention_period", 0) < days
	not library.is_unknown(change, "backup_retention_period")
}
