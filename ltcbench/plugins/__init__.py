"""Code and configuration of the user's own: what is named, where its source is, how it is loaded.

Nothing of it is executed unless the user named it: with ``--with``, in ``LTCBENCH_WITH``, in the ``ltcbench.toml`` of
the working folder, or as an entry point of an installed package.
"""
