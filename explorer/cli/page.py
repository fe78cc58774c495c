"""The page."""

__all__ = ["serve"]

from typing import Annotated

import typer

from explorer.cli.options import DEFAULT_ROOT, Root, workbench_of


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Port to listen on; 0: any free one.")
    ] = 7860,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page.")] = False,
    root: Root = DEFAULT_ROOT,
) -> None:
    """Start the page and keep it running until Ctrl-C."""
    from explorer.ui.server import serve as start

    def welcome(url: str) -> None:
        print(f"Latent Explorer is at {url} (Ctrl-C stops it).", flush=True)

    start(workbench_of(root), host=host, port=port, open_browser=open_browser, on_ready=welcome)
