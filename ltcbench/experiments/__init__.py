"""The claims of the two abstracts as experiments: what the papers measured, how, and what comes out.

An experiment is a file here and its settings in ``conf/experiment/<name>.yaml``. It names its draws, computes one of
them, and makes values, a table and a picture of all; see ``experiment.py``. The rest of the house does the same for
each: ``asked.py`` checks settings, ``running.py`` computes what is not there yet, ``folder.py`` keeps it.

"""
