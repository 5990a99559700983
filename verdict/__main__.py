"""`python -m verdict`: the command line, where its script is not on PATH."""

from verdict.cli import main

if __name__ == "__main__":
    main()
