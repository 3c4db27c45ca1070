"""The published benchmarks: ours beside the plain tools, in one run, on a machine that is named.

A benchmark makes its own world in a temporary folder and measures every side in a process of its
own. What it finds is a `Report`; nothing of the product imports this room but the command line.
"""
