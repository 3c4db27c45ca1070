"""Plan → verdict: what policy says of a plan. Pure; the rules are in `rules/`, one file each."""
