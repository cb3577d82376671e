"""What a run needs to be mirrored into a database of MLflow, imported before any run begins."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # deprecations inside MLflow and SQLAlchemy are not the user's business
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
