"""What is particular to each kind of secret that rotates; the machine itself is `transitions`.

A kind says what the new value is, how it is made to work, proven, ended and shown to consumers.
When that happens is not its business.
"""
