# The internet may come in on a port of administration or of a database.
package trueup.aws.no_public_ingress

import data.trueup.library
import rego.v1

everywhere := {"0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1"}

ports := object.get(data.parameters, "ports", [20, 21, 22, 23, 135, 445, 1433, 1521, 2375, 2379, 3306, 3389, 5432, 5601, 5984, 6379, 9200, 11211, 27017])

# Every row that lets somebody in, in whichever way it is written.
rows contains {"change": change, "row": row} if {
	some change in library.touched
	change.type in {"aws_security_group", "aws_default_security_group"}
	some row in library.listed(object.get(change.change.after, "ingress", []))
}

rows contains {"change": change, "row": change.change.after} if {
	some change in library.touched
	change.type == "aws_security_group_rule"
	change.change.after.type == "ingress"
}

rows contains {"change": change, "row": change.change.after} if {
	some change in library.touched
	change.type == "aws_vpc_security_group_ingress_rule"
}

networks(row) := {network |
	some name in ["cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6"]
	some network in library.listed(object.get(row, name, null))
}

is_all(row) if object.get(row, "protocol", "") in {"-1", "all"}

is_all(row) if object.get(row, "ip_protocol", "") in {"-1", "all"}

opens(row, _) if is_all(row)

opens(row, port) if {
	row.from_port <= port
	port <= row.to_port
}

deny contains library.finding(found.change, sprintf("lets in %s on port %d", [network, port])) if {
	some found in rows
	some network in networks(found.row)
	network in everywhere
	not is_all(found.row)
	some port in ports
	opens(found.row, port)
}

deny contains library.finding(found.change, sprintf("lets in %s on every port", [network])) if {
	some found in rows
	some network in networks(found.row)
	network in everywhere
	is_all(found.row)
}

deny contains library.finding(change, sprintf("may let in anybody: %s is not known yet", [name])) if {
	some change in library.touched
	change.type in {"aws_security_group_rule", "aws_vpc_security_group_ingress_rule"}
	object.get(change.change.after, "type", "ingress") == "ingress"
	some name in ["cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6"]
	library.is_unknown(change, name)
}
