"""The specification in other languages: Markdown to review, TLA+ and Promela for other model checkers.

Here belongs what renders a machine from the paths through its functions, and what compares other tools' findings of the
rendered models with ours. What renders a verdict, a history or the ledger belongs in `show`; SMT-LIB, which is the
input of a second solver, in `prove`.
"""
