"""The engine: Terraform or OpenTofu, as a binary or embedded, behind one port.

`_operations` says what each operation of the port means in commands of Terraform, the same for all;
`embedded` and `command` only say how a command is run; `memory` needs no Terraform at all.
"""
