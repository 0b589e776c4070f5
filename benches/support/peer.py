"""Writes the files of tenants from templates with Jinja2, as a script of a platform team does.

The arguments are the folder with `names.json` and `templates/` (the first line of each is its path),
and the folder to write to.
"""

import json
import sys
from pathlib import Path

import jinja2


def main() -> None:
    """Renders every template for every name."""
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    environment = jinja2.Environment(
        variable_start_string="«",
        variable_end_string="»",
        block_start_string="«%",
        comment_start_string="«#",
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 (it writes YAML, not HTML)
    )
    templates = []
    for file in sorted((source / "templates").iterdir()):
        path, text = file.read_text(encoding="utf-8").split("\n", 1)
        templates.append((environment.from_string(path), environment.from_string(text)))
    made: set[str] = set()
    for name in json.loads((source / "names.json").read_text(encoding="utf-8")):
        for path, text in templates:
            place = f"{out}/{path.render(name=name)}"
            folder = place.rsplit("/", 1)[0]
            if folder not in made:
                Path(folder).mkdir(parents=True, exist_ok=True)
                made.add(folder)
            with open(place, "w", encoding="utf-8") as file:
                file.write(text.render(name=name))


main()
