"""One HTML file that needs nothing else: the report for reviewers, and the viewer of one check."""
