"""A real browser, driven by the WebDriver protocol (https://www.w3.org/TR/webdriver2/) with nothing but HTTP."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PATIENCE_SECONDS = 90
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def chromium() -> str | None:
    """Return Chromium's path, if its driver is here too."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    return browser if browser and shutil.which("chromedriver") else None


class Browser:
    """One window."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self._client = client
        self._session = session

    def open(self, url: str) -> None:
        self._post("url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page, and return what it returns."""
        return self._post("execute/sync", {"script": script, "args": list(arguments)})

    def until(self, script: str, *arguments: Any) -> Any:
        """Wait until an expression is true, and return its value."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            value = self.run(f"return {script}", *arguments)
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(
            f"waited {PATIENCE_SECONDS} s in vain for {script}; the page says: {self.text()}"
        )

    def text(self) -> str:
        return str(self.run("return document.body.innerText"))

    def type(self, selector: str, text: str) -> None:
        """Type into an element."""
        found = self._post("element", {"using": "css selector", "value": selector})
        self._post(f"element/{found[_ELEMENT]}/value", {"text": text})

    def log(self) -> list[str]:
        """Return what the browser complained of: scripts that failed, and breaches of the policy."""
        return [entry["message"] for entry in self._post("se/log", {"type": "browser"})]

    def picture(self, path: Path) -> None:
        answer = self._client.get(f"/session/{self._session}/screenshot").raise_for_status()
        path.write_bytes(base64.b64decode(answer.json()["value"]))

    def _post(self, what: str, body: dict[str, Any]) -> Any:
        answer = self._client.post(f"/session/{self._session}/{what}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]


@contextmanager
def browser_without_internet() -> Iterator[Browser]:
    """Start a browser that reaches loopback addresses and nothing else."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    driver = subprocess.Popen(
        [shutil.which("chromedriver") or "", f"--port={port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS) as client:
            _wait_for(client)
            answer = client.post("/session", json={"capabilities": {"alwaysMatch": _capabilities()}})
            assert answer.status_code == 200, answer.text
            session = answer.json()["value"]["sessionId"]
            try:
                yield Browser(client, session)
            finally:
                client.delete(f"/session/{session}")
    finally:
        driver.terminate()
        driver.wait(PATIENCE_SECONDS)


def _capabilities() -> dict[str, Any]:
    arguments = [
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--window-size=1280,800",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ]
    return {
        "browserName": "chrome",
        "goog:chromeOptions": {"binary": chromium(), "args": arguments},
        "goog:loggingPrefs": {"browser": "ALL"},
    }


def _wait_for(client: httpx.Client) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if client.get("/status").json()["value"]["ready"]:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("chromedriver did not start")
