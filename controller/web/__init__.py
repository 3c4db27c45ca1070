"""Pages, API and webhooks: what is asked over HTTP.

Here belong tokens and sessions, routes, templates, and how answers are written down. What may be
asked and who may ask it is `controller.app`'s; nothing here reaches past it.
"""
