"""What a person types: each file one command, which parses, asks, prints and gives an exit code.

Commands that look or act ask the running controller over HTTP, so that they can do no more than its
API lets them; only those that need no controller (`validate`, `render`, `plan`) work on a folder.
"""
