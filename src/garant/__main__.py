"""`python -m garant` is the `garant` command."""

from garant.project.cli import main

main()
