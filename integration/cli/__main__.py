"""`python -m integration.cli` is `shelfwise`."""

from integration.cli import main

main()
