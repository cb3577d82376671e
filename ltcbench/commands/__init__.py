"""One file a verb of the command line, each with ``main(arguments) -> exit status``."""
