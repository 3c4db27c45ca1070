"""What is known of a stage → may a release come, must it go back, what is awaited? Pure.

Every question becomes an item of evidence with yes, no or not known; only yes lets a release on.
`decide.py` holds the public function; each other file answers one kind of question.
"""
