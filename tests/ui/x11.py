# SPDX-License-Identifier: Apache-2.0
"""What is on an X server, asked without the help of programs: windows, whether they are drawn, the keyboard.

No condition here is a time. A window "is drawn" once GTK has said so: it counts its frames in an XSync counter (the
second of _NET_WM_SYNC_REQUEST_COUNTER, even between frames), and its first frame comes after its first layout. So
what is clicked from then on is heard.
"""

import ctypes

CLIENT_MESSAGE = 33
IS_VIEWABLE = 2
REVERT_TO_PARENT = 2


class ClientMessage(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send_event", ctypes.c_int),
                ("display", ctypes.c_void_p), ("window", ctypes.c_ulong), ("message_type", ctypes.c_ulong),
                ("format", ctypes.c_int), ("data", ctypes.c_long * 5), ("room", ctypes.c_long * 24)]


class Attributes(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_int), ("width", ctypes.c_int), ("height", ctypes.c_int),
                ("border_width", ctypes.c_int), ("depth", ctypes.c_int), ("visual", ctypes.c_void_p),
                ("root", ctypes.c_ulong), ("class_", ctypes.c_int), ("bit_gravity", ctypes.c_int),
                ("win_gravity", ctypes.c_int), ("backing_store", ctypes.c_int), ("planes", ctypes.c_ulong),
                ("pixel", ctypes.c_ulong), ("save_under", ctypes.c_int), ("colormap", ctypes.c_ulong),
                ("map_installed", ctypes.c_int), ("map_state", ctypes.c_int), ("all_masks", ctypes.c_long),
                ("your_mask", ctypes.c_long), ("do_not_propagate", ctypes.c_long), ("override", ctypes.c_int),
                ("screen", ctypes.c_void_p)]


class SyncValue(ctypes.Structure):
    _fields_ = [("high", ctypes.c_int), ("low", ctypes.c_uint)]


def load():
    x11, xext = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXext.so.6")
    pointer, window, integer = ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int
    numbers = ctypes.POINTER(ctypes.c_ulong)
    for function, result, arguments in [
            (x11.XOpenDisplay, pointer, [ctypes.c_char_p]),
            (x11.XCloseDisplay, integer, [pointer]),
            (x11.XDefaultRootWindow, window, [pointer]),
            (x11.XInternAtom, window, [pointer, ctypes.c_char_p, integer]),
            (x11.XQueryTree, integer, [pointer, window, numbers, numbers, ctypes.POINTER(numbers),
                                       ctypes.POINTER(ctypes.c_uint)]),
            (x11.XGetWindowAttributes, integer, [pointer, window, ctypes.POINTER(Attributes)]),
            (x11.XGetWindowProperty, integer, [pointer, window, window, ctypes.c_long, ctypes.c_long, integer, window,
                                               numbers, ctypes.POINTER(integer), numbers, numbers,
                                               ctypes.POINTER(pointer)]),
            (x11.XFree, integer, [pointer]),
            (x11.XSetInputFocus, integer, [pointer, window, integer, window]),
            (x11.XGetInputFocus, integer, [pointer, numbers, ctypes.POINTER(integer)]),
            (x11.XSendEvent, integer, [pointer, window, integer, ctypes.c_long, pointer]),
            (x11.XSync, integer, [pointer, integer]),
            (xext.XSyncInitialize, integer, [pointer, ctypes.POINTER(integer), ctypes.POINTER(integer)]),
            (xext.XSyncQueryCounter, integer, [pointer, window, ctypes.POINTER(SyncValue)])]:
        function.restype, function.argtypes = result, arguments
    return x11, xext


class Windows:
    """The windows of a display, by the server's number (":5")."""

    # A window may go between two questions: the answer is then none, and not, as Xlib would have it, our end.
    on_error = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(lambda display, event: 0)

    def __init__(self, name):
        self.x11, self.xext = load()
        self.x11.XSetErrorHandler(self.on_error)
        self.display = self.x11.XOpenDisplay(name.encode())
        assert self.display, f"cannot open the display {name}"
        first_event, first_error = ctypes.c_int(), ctypes.c_int()
        assert self.xext.XSyncInitialize(self.display, first_event, first_error), "the server has no SYNC"
        self.root = self.x11.XDefaultRootWindow(self.display)

    def close(self):
        self.x11.XCloseDisplay(self.display)

    def atom(self, name):
        return self.x11.XInternAtom(self.display, name.encode(), 0)

    def children(self):
        """Windows on the root, the topmost last."""
        root, parent, count = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_uint()
        found = ctypes.POINTER(ctypes.c_ulong)()
        if not self.x11.XQueryTree(self.display, self.root, root, parent, found, count) or not found:
            return []
        windows = found[:count.value]
        self.x11.XFree(found)
        return windows

    def attributes(self, window):
        """None if it is gone."""
        attributes = Attributes()
        return attributes if self.x11.XGetWindowAttributes(self.display, window, attributes) else None

    def is_viewable(self, window):
        attributes = self.attributes(window)
        return attributes is not None and attributes.map_state == IS_VIEWABLE

    def property(self, window, name, longs):
        """Its first numbers (of 32 bits) or bytes; empty if it has none."""
        kind, format = ctypes.c_ulong(), ctypes.c_int()
        items, left, data = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_void_p()
        failed = self.x11.XGetWindowProperty(self.display, window, self.atom(name), 0, longs, 0, 0, kind, format,
                                             items, left, data)
        if failed or not data:
            return []
        size = ctypes.sizeof(ctypes.c_long) if format.value == 32 else format.value // 8
        raw = ctypes.string_at(data, items.value * size)
        self.x11.XFree(data)
        return list(memoryview(raw).cast("L")) if format.value == 32 else raw

    def title(self, window):
        return bytes(self.property(window, "_NET_WM_NAME", 64)).decode(errors="replace")

    def process(self, window):
        numbers = self.property(window, "_NET_WM_PID", 1)
        return numbers[0] if numbers else None

    def is_drawn(self, window):
        """Is it on the screen, with a frame of its own?"""
        counters = self.property(window, "_NET_WM_SYNC_REQUEST_COUNTER", 2)
        value = SyncValue()
        return len(counters) == 2 and self.is_viewable(window) and \
            bool(self.xext.XSyncQueryCounter(self.display, counters[1], value)) and value.low > 0 and \
            value.low % 2 == 0

    def has_keyboard(self, window):
        focus, revert = ctypes.c_ulong(), ctypes.c_int()
        self.x11.XGetInputFocus(self.display, focus, revert)
        return focus.value == window

    def give_keyboard(self, window):
        self.x11.XSetInputFocus(self.display, window, REVERT_TO_PARENT, 0)
        self.x11.XSync(self.display, 0)

    def ask_to_close(self, window):
        """As a window manager does."""
        event = ClientMessage(type=CLIENT_MESSAGE, send_event=1, window=window, format=32)
        event.message_type = self.atom("WM_PROTOCOLS")
        event.data[0] = self.atom("WM_DELETE_WINDOW")
        self.x11.XSendEvent(self.display, window, 0, 0, ctypes.byref(event))
        self.x11.XSync(self.display, 0)
