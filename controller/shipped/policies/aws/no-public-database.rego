# A database can be reached from the internet.
package trueup.aws.no_public_database

import data.trueup.library
import rego.v1

deny contains library.finding(change, "can be reached from the internet") if {
	some change in library.touched
	change.type in {"aws_db_instance", "aws_rds_cluster_instance", "aws_redshift_cluster", "aws_dms_replication_instance", "aws_docdb_cluster_instance"}
	change.change.after.publicly_accessible == true
}

deny contains library.finding(change, "may be reached from the internet: it is not known yet") if {
	some change in library.touched
	change.type in {"aws_db_instance", "aws_redshift_cluster"}
	library.is_unknown(change, "publicly_accessible")
}
