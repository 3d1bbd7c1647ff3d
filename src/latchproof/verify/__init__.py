"""The ledger: what each kind of evidence says of each claim about the machines, gathered now.

Each kind of evidence has one file, which exports one `Evidence`; `kinds` lists them in the order of the ledger's
columns. `gather` gathers all of them, and `ledger` holds what they found. What checks a class belongs in
`check`, what proves, explores or fuzzes in the packages of those names, and what prints a ledger in `show`.
"""
