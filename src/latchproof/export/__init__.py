"""The specification in other languages: Markdown to review, TLA+ and Promela for model checkers, Coq for proofs.

Here belongs what renders a machine from the paths through its functions or from their text, and what runs other tools
on what is rendered. What renders a verdict, a history or the ledger belongs in `show`; SMT-LIB, which is the
input of a second solver, in `prove`.
"""
