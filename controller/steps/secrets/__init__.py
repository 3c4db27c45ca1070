"""Secrets: made, brought to their consumers and rotated. Start reading at `deliver`.

Values are read, made and written inside one call and never leave it: what is given back is a
`Delivery`, which names versions and places. The world is reached through ports only.
"""
