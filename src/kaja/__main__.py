"""`python -m kaja` is `kaja`."""

from kaja.cli.main import main

main()
