"""The page."""

__all__ = ["serve"]

from typing import Annotated

import typer

from explorer.cli.options import DEFAULT_ROOT, Root, workbench_of


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            help="Port to listen on; 0: any free one.",
            show_default="7860, with --window any",
        ),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page.")] = False,
    window: Annotated[
        bool, typer.Option("--window", help="Show the page in a window; closing it ends all.")
    ] = False,
    root: Root = DEFAULT_ROOT,
) -> None:
    """Start the page and keep it running until Ctrl-C."""
    from explorer.ui import server

    if window:
        from explorer.ui.window import check_window, show_window

        check_window()
        server.serve_window(workbench_of(root), host=host, port=port or 0, show=show_window)
        return

    def welcome(url: str) -> None:
        print(f"Latent Explorer is at {url} (Ctrl-C stops it).", flush=True)

    server.serve(
        workbench_of(root),
        host=host,
        port=7860 if port is None else port,
        open_browser=open_browser,
        on_ready=welcome,
    )
