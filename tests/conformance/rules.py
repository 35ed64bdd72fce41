"""The numbered rules of docs/contract.md."""

from functools import cache
from pathlib import Path
import re

CONTRACT = Path(__file__).parents[2] / "docs" / "contract.md"


@cache
def rules() -> dict[str, str]:
    """Return the text of each rule by its number, such as C-45."""
    found = re.findall(
        r"^- \*\*(C-\d+)\*\* (.+?)(?=\n- \*\*C-|\n\n|\Z)", CONTRACT.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    return {number: " ".join(text.split()) for number, text in found}
