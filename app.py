"""Start the page: `python app.py` is `python -m explorer serve`."""

import sys

from explorer.cli import main

if __name__ == "__main__":
    raise SystemExit(main(["serve", *sys.argv[1:]]))
