"""What a training is asked: groups of ``conf/``, their composition, the checked ``Job``."""
