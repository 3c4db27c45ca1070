# A load balancer serves plain HTTP instead of sending people to HTTPS, or an old TLS.
package trueup.aws.tls_only

import data.trueup.library
import rego.v1

listeners := {"aws_lb_listener", "aws_alb_listener"}

old := ["ELBSecurityPolicy-2015-05", "ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS-1-0-2015-04", "ELBSecurityPolicy-TLS-1-1-2017-01"]

deny contains library.finding(change, "serves plain HTTP and does not send people to HTTPS") if {
	some change in library.touched
	change.type in listeners
	change.change.after.protocol == "HTTP"
	not redirects(change)
}

redirects(change) if {
	some action in library.listed(change.change.after.default_action)
	some redirect in library.listed(action.redirect)
	redirect.protocol == "HTTPS"
}

deny contains library.finding(change, sprintf("speaks an old TLS (%s)", [change.change.after.ssl_policy])) if {
	some change in library.touched
	change.type in listeners
	change.change.after.ssl_policy in old
}

deny contains library.finding(change, "lets people come without HTTPS") if {
	some change in library.touched
	change.type == "aws_cloudfront_distribution"
	some behaviour in library.listed(change.change.after.default_cache_behavior)
	behaviour.viewer_protocol_policy == "allow-all"
}
