"""How Sphinx makes the documentation: `uv run --group docs sphinx-build -W docs docs/_build`."""

from pathlib import Path

project = "stabflow"
author = "The stabflow authors"
project_copyright = "2026, The stabflow authors"
_lines = Path(__file__).parent.parent.joinpath("src/stabflow/__init__.py").read_text(encoding="utf-8").splitlines()
release = next(line.split('"')[1] for line in _lines if line.startswith("__version__"))

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
nitpicky = True

html_theme = "furo"
html_title = f"stabflow {release}"
