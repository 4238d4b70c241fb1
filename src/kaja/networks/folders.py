"""Where the networks' folders are, found without loading any of their code: settings and logs need them early."""

import pkgutil
from pathlib import Path

import kaja.networks

KIT = "kit"
TOKEN_SHAPES = "token_shapes.txt"  # noqa: S105 - the name of a file


def list_folders() -> dict[str, Path]:
    """The folder of every network by its key: each package beside the kit is one."""
    return {
        module.name: Path(root) / module.name
        for root in kaja.networks.__path__
        for module in pkgutil.iter_modules([root])
        if module.ispkg and module.name != KIT
    }


def list_template_folders() -> list[Path]:
    """Where the networks' own templates are: `preview/KEY.html` draws a post as the network shows it."""
    return [path for folder in list_folders().values() if (path := folder / "screen" / "templates").is_dir()]


def list_static_folders() -> list[tuple[str, Path]]:
    """Where the networks' own files for the browser are, and below which name they are served."""
    return [
        (f"networks/{key}", path)
        for key, folder in list_folders().items()
        if (path := folder / "screen" / "static").is_dir()
    ]


def list_token_shapes() -> list[str]:
    """Regular expressions of what the networks give out as secrets, for the logs: one a line, `#` begins a remark."""
    files = (folder / TOKEN_SHAPES for folder in list_folders().values())
    lines = (line.strip() for file in files if file.exists() for line in file.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]
