"""Where secrets are delivered: files that consumers read, and memory."""
