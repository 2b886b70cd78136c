"""The e-mail as a person sees it: in a real browser, on a phone and on a desk.

`python tests/plugins/notifiers/test_email_pictures.py` draws the pictures of the documentation anew.
"""

from __future__ import annotations

import dataclasses
import html
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.api.notifier import Message
from plugins.notifiers.email.letter import letter
from tests.plugins.notifiers.messages import DOWN, UP

PICTURES = Path(__file__).parents[3] / "docs" / "images"
PHONE_PX, DESK_PX = 360, 820

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ALONE = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)

SHOP = dataclasses.replace(
    DOWN,
    workspace="Acme",
    monitor=dataclasses.replace(DOWN.monitor, name="Shop", target="https://shop.example/checkout"),
)
LONG = dataclasses.replace(
    DOWN,
    summary="a-name-without-a-single-space-" * 6,
    monitor=dataclasses.replace(DOWN.monitor, target="https://shop.example/" + "path/" * 60),
    check=dataclasses.replace(DOWN.check, error="unbroken" * 60),
)


def page(message: Message, width_px: int) -> str:
    """Return a page that shows the e-mail in a frame of that width, and tells in its title how wide it became."""
    mail = letter(message, sender="tocsin@status.example", domain="status.example")
    body = mail.get_body(("html",))
    assert body is not None
    return (
        "<!DOCTYPE html><meta charset=utf-8><style>body { margin: 0; background: #aeb4ba } iframe { border: 0; display: block; margin: auto }</style>"
        f'<iframe width={width_px} height=640 srcdoc="{html.escape(str(body.get_content()))}" '
        'onload="document.title = contentDocument.documentElement.scrollWidth"></iframe>'
    )


def browse(message: Message, width_px: int, folder: Path, *options: str) -> str:
    """Open the page in Chromium; return what it printed."""
    assert CHROMIUM is not None
    (folder / "mail.html").write_text(page(message, width_px), encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM,
            *ALONE,
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={max(width_px, 500)},640",
            *options,
            (folder / "mail.html").as_uri(),
        ],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return done.stdout


@pytest.mark.browser
@pytest.mark.parametrize("width_px", [PHONE_PX, DESK_PX])
@pytest.mark.parametrize("message", [SHOP, UP, LONG], ids=["down", "up", "long"])
def test_nothing_is_wider_than_the_screen(message: Message, width_px: int, tmp_path: Path) -> None:
    shown = browse(message, width_px, tmp_path, "--dump-dom")

    assert f"<title>{width_px}</title>" in shown


def main() -> None:
    for message, name in (
        (SHOP, "down"),
        (dataclasses.replace(UP, monitor=SHOP.monitor, workspace="Acme"), "up"),
    ):
        for width_px, where in ((PHONE_PX, "phone"), (DESK_PX, "desk")):
            folder = PICTURES.parent.parent / ".pytest_cache" / f"{name}-{where}"
            folder.mkdir(parents=True, exist_ok=True)
            browse(message, width_px, folder, f"--screenshot={PICTURES / f'email-{name}-{where}.png'}")
            shutil.rmtree(folder)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[3]))
    main()
