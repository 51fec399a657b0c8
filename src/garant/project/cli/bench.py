"""`garant bench`."""

from garant.project.cli.develop import bench_app as app

__all__ = ["app"]
