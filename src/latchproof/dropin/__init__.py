"""Our latch and barrier under other libraries' interfaces: change the import, and the rest of the program stays.

One module for each library, named after it; its docstring lists what differs all the same. Only names, parameters and
looks belong here: what a latch or a barrier does is decided by the runtime classes.
"""
