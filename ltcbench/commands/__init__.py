"""One file a verb of the command line, each with ``run(arguments) -> exit status``."""
