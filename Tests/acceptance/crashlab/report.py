"""Counts what passed and failed, and prints the last line that every run ends with."""

from __future__ import annotations

import sys
from collections import Counter


class Report:
    def __init__(self, shown: int = 40) -> None:
        self.passed = 0
        self.failed = 0
        self.notes: Counter[str] = Counter()
        self._shown = shown

    def say(self, text: str) -> None:
        print(text, flush=True)

    def check(self, good: bool, what: str, detail: str = "") -> bool:
        """Counts one check; prints only a failure."""
        if good:
            self.passed += 1
        else:
            self.failed += 1
            if self.failed <= self._shown:
                self.say(f"FAIL {what}" + (f": {detail}" if detail else ""))
            elif self.failed == self._shown + 1:
                self.say("FAIL (further failures are counted, not shown)")
        return good

    def note(self, text: str) -> None:
        """Counts something worth knowing that is no failure."""
        self.notes[text] += 1

    def finish(self) -> int:
        for text, count in sorted(self.notes.items()):
            self.say(f"note: {text} ({count}×)")
        if self.passed + self.failed == 0:
            self.failed = 1
            self.say("FAIL nothing was checked")
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.stdout.flush()
        return 1 if self.failed else 0
