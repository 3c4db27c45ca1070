output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "cidr" {
  description = "Its range of addresses."
  value       = aws_vpc.this.cidr_block
}

output "zones" {
  description = "The zones that it stands in."
  value       = local.zones
}

output "private_subnet_ids" {
  description = "Subnets that the internet does not reach, one a zone."
  value       = [for zone in local.zones : aws_subnet.private[zone].id]
}

output "public_subnet_ids" {
  description = "Subnets that the internet reaches, one a zone."
  value       = [for zone in local.zones : aws_subnet.public[zone].id if var.public_subnets]
}

output "private_route_table_ids" {
  description = "Route tables of the private subnets, one a zone."
  value       = [for zone in local.zones : aws_route_table.private[zone].id]
}

output "nat_addresses" {
  description = "The addresses that private subnets are seen as."
  value       = [for address in aws_eip.nat : address.public_ip]
}

output "flow_log_group" {
  description = "The log group of flow logs."
  value       = try(aws_cloudwatch_log_group.flow[0].name, null)
}
