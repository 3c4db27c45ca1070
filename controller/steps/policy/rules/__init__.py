"""One rule a file: a function from a plan and what is known of its stack to messages."""
