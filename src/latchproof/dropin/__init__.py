"""Our latch and barrier under the interfaces of others: change the import, and the program stays as it is.

Each module is named for whose interface it has, and says in what it differs all the same. They are thin: what a latch
or a barrier does is decided by the runtime classes alone.
"""
