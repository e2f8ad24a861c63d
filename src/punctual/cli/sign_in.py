"""`punctual sign-in`: a new link to the web UI."""

import webbrowser
from typing import Annotated

import typer

from punctual.cli.client import UrlOption, choose_server, connect, surroundings
from punctual.cli.output import print_lines, when


def sign_in(
    ctx: typer.Context,
    *,
    open_browser: Annotated[bool, typer.Option("--open", help="Open it in the browser of this machine.")] = False,
    url: UrlOption = None,
) -> None:
    """Make a new link that signs one person in to the web UI. It works once, and not for long.

    For example:
        punctual sign-in --open
    """
    choose_server(ctx, url)
    with connect(ctx) as client:
        link = client.post("/sign-in-links")
    print_lines([link["url"]])
    until = when(link["expires_at"], surroundings(ctx).clock.now())
    typer.echo(f"It works once, until {until}.", err=True)
    if open_browser and not webbrowser.open(link["url"]):
        typer.echo("No browser could be opened here: open the link yourself.", err=True)
