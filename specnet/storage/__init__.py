"""The doors to the disk, to git and to other processes. Nothing else in specnet opens a file of a stranger's.

- `reading`: plain files only, opened without waiting, their size looked at before their content.
- `folder`: a folder that is held open; links in it are never followed, and new content comes in one step.
- `atomic`: a file named by a person, given its content in one step.
- `lock`: one process for a folder.
- `checksum`: text that carries its own SHA-256.
- `git`: a file as a revision has it; nothing that a repository configures is run.
- `processes`: Python, started so that the current folder has no say in what it imports.
- `system`: the system calls that all of them are made of, where tests put others in their place.
"""
