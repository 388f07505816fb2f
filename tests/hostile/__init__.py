"""What a stranger might send, and what specnet has to answer.

- `attack`: one hostile input: how it is made, the command, the answer.
- `sound`: what hostile inputs are copies of: a run, a prepared dataset, files of weights.
- `running`: an input through the command line in a process of its own, watched from outside.
- `forms`: what may bear a file's name without being the file.
- the others: the inputs, by what they attack.
"""
