"""What the provider offers: one file for each resource type, and what they share."""
