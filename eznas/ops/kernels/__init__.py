"""The compiled kernels: one function for each operation, named as in the catalogue, and what they are made of.

A kernel says how it is called by the decorator and the names of its parameters (`kernel.py`); `execute.py` finds it by
its name and writes the branch that calls it.
"""
