"""`garant test`."""

from garant.project.cli.develop import test_app as app

__all__ = ["app"]
