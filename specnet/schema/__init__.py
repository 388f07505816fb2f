"""The strict models of what a spec can say, their field types, and their errors as findings."""
