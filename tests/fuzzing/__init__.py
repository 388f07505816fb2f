"""Sound files with something changed that knows their structure, put to the functions that read them.

- `mutation`: changes of bytes and of JSON.
- `kind`: a kind of file: sound ones, how they are changed, who reads them.
- `running`: many inputs of a kind, in processes that may die of one.
- the others: the kinds.
"""
