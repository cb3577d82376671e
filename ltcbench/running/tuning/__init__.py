"""Search for settings: which are tried (``space``), remembered (``study``), and carried out (``search``)."""
