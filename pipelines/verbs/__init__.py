"""The verbs of the command line, a module each.

A module is named like its verb, and the first line of its docstring is the verb's help.
`flags(parser)` adds its flags; `run(arguments)` does and prints it -> (result for --json, exit
code). Modules whose names begin with `_` are what several verbs share.
"""
