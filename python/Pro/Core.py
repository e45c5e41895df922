# SPDX-License-Identifier: Apache-2.0
"""Values and small things that promp's other modules use."""

import time

from Pro._promp import NTContainer, NTContainerMatch, NTPattern, NTVariantList, createContainerFromFile

__all__ = [
    "GB_SIZE", "KB_SIZE", "MB_SIZE", "TB_SIZE",
    "INVALID_STREAM_OFFSET",
    "NTContainer", "NTContainerMatch", "NTPattern", "NTSimpleWait", "NTTime", "NTVariantList",
    "createContainerFromFile",
]

KB_SIZE = 1 << 10
MB_SIZE = 1 << 20
GB_SIZE = 1 << 30
TB_SIZE = 1 << 40

#: What stands for "no offset", as RvaToOffset() answers for an address that is in no section.
INVALID_STREAM_OFFSET = (1 << 64) - 1


def _chunks(self, size=MB_SIZE):
    """chunks(size=MB_SIZE): iterates over the data in pieces of bytes."""
    for offset in range(0, self.size(), size):
        yield self.read(offset, min(size, self.size() - offset))


NTContainer.chunks = _chunks


class NTTime:
    """A stopwatch: runs from when it is made, or from the last start().

    Also comparable and subtractable: ``later - earlier`` is milliseconds, a float.
    """

    __slots__ = ("_start_ns",)

    def __init__(self):
        self._start_ns = time.monotonic_ns()

    def start(self):
        """Begins anew."""
        self._start_ns = time.monotonic_ns()

    def restart(self):
        """Begins anew; returns the milliseconds until now."""
        elapsed = self.elapsed()
        self.start()
        return elapsed

    def elapsed(self):
        """Whole milliseconds since the start."""
        return (time.monotonic_ns() - self._start_ns) // 1_000_000

    def __sub__(self, other):
        return (self._start_ns - other._start_ns) / 1e6

    def __lt__(self, other):
        return self._start_ns < other._start_ns

    def __repr__(self):
        return f"<NTTime, {self.elapsed()} ms>"


class NTSimpleWait:
    """A wait object without a user interface: keeps the last text and value, can be asked to stop.

    Anything that takes a wait object takes this one. With ``stream`` (a text file), what is reported
    is written there too: on a terminal as one line that changes, else as lines.
    """

    def __init__(self, text="", stream=None):
        self._text = text
        self._value = 0
        self._aborted = False
        self._stopped = False
        self._stream = stream

    def msg(self, text):
        """Shows a new text."""
        self._text = text
        self._show()

    def progress(self, value):
        """Shows a new value, usually percent."""
        self._value = value
        self._show()

    def text(self):
        """The last text."""
        return self._text

    def value(self):
        """The last value."""
        return self._value

    def wasAborted(self):
        """Whether somebody asked to stop."""
        return self._aborted

    def abort(self):
        """Asks to stop."""
        self._aborted = True

    def processEvents(self):
        """Nothing to do without a user interface."""

    def stop(self):
        """The work is over."""
        if self._stream is not None and not self._stopped and self._stream.isatty():
            self._stream.write("\n")
        self._stopped = True

    def wasStopped(self):
        """Whether stop() was called."""
        return self._stopped

    def _show(self):
        if self._stream is None:
            return
        line = f"{self._text} {self._value}%"
        self._stream.write(f"\r\x1b[K{line}" if self._stream.isatty() else f"{line}\n")
        self._stream.flush()
