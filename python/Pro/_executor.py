# SPDX-License-Identifier: Apache-2.0
"""ProExecutor: concurrent.futures on promp's workers. See Pro.MP."""

import collections
import concurrent.futures
import heapq
import os
import pickle
import select
import sys
import threading
import time
import weakref

from Pro import _promp

_PLAIN = frozenset((int, str, bytes, float, bool, type(None), _promp.NTContainer))
_executors = weakref.WeakSet()


def _stop_all():
    for executor in list(_executors):
        executor.shutdown(wait=True, cancel_futures=True)


# As concurrent.futures does: threads are joined at exit, so they must be told before.
threading._register_atexit(_stop_all)


# ---- in the worker ----

_functions = {}


def _function(pickled):
    function = _functions.get(pickled)
    if function is None:
        if len(_functions) > 256:
            _functions.clear()
        function = _functions[pickled] = pickle.loads(pickled)
    return function


def _call(pickled, args):
    return _function(pickled)(*args)


def _call_pickled(pickled, pickled_args):
    args, kwargs = pickle.loads(pickled_args)
    return _function(pickled)(*args, **kwargs)


# ---- in the manager's process ----


class _Future(concurrent.futures.Future):
    """A future whose cancel() works on running tasks too: the worker climbs the ladder of cancel."""

    def __init__(self, executor):
        super().__init__()
        self._executor = weakref.ref(executor)
        self._first_cancel = threading.Lock()  # taken once

    def cancel(self):
        cancelled = super().cancel()
        if cancelled and self._first_cancel.acquire(blocking=False):
            self.set_running_or_notify_cancel()  # without it wait() and as_completed() never see the future
            executor = self._executor()
            if executor is not None:
                executor._post(("cancel", self))
        return cancelled

    def settle(self, value, error=None):
        """Its end, unless it has one: it may have been cancelled at this very moment, or its time was over."""
        try:
            if error is None:
                self.set_result(value)
            else:
                self.set_exception(error)
        except concurrent.futures.InvalidStateError:
            pass


def _importable(function):
    """(module, qualified name) under which a worker finds the same function, or None."""
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", None)
    if not module or not name or module == "__main__" or "<" in name:
        return None
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return (module, name) if found is function else None


class ProExecutor(concurrent.futures.Executor):
    """ProExecutor(max_workers=None, *, task_timeout=-1, cancel_timeout=1000, options=0)

    concurrent.futures.Executor on promp's workers: a worker that dies fails its running task only
    (ProWorkerDiedError) and is replaced; cancel() works on running tasks; tasks may have a time limit.

    max_workers     default: the number of processors; started when there is work for them
    task_timeout    ms each task may take from its submission; then TimeoutError, and it is cancelled. -1: none
    cancel_timeout  ms a cancelled task has to end before its worker is killed
    options         ProMPOpt_ flags of the manager

    Functions of modules go by name, others by cloudpickle; results are values that cross process borders
    (None, bool, int, float, str, bytes, list, tuple, dict, NTContainer), else TypeError. A container as an
    argument stands by itself, not inside another object.
    Threads: any. The manager lives in a thread of the executor's own.
    """

    def __init__(self, max_workers=None, *, task_timeout=-1, cancel_timeout=1000, options=0):
        if max_workers is None:
            max_workers = os.cpu_count() or 1
        if max_workers < 1:
            raise ValueError(f"max_workers is {max_workers}, must be at least 1")
        self._max_workers = max_workers
        self._task_timeout = task_timeout
        self._cancel_timeout = cancel_timeout
        self._options = options | _promp.ProMPOpt_Quiet
        self._lock = threading.Lock()
        self._posted = collections.deque()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._awake = True
        self._closed = False
        self._pickled = weakref.WeakKeyDictionary()
        self._thread = threading.Thread(target=self._serve, name="ProExecutor", daemon=True)
        self._thread.start()
        _executors.add(self)

    def submit(self, fn, /, *args, **kwargs):
        """Gives fn(*args, **kwargs) to a worker; returns its future."""
        return self.submitTask(fn, args, kwargs, self._task_timeout)

    def submitTask(self, fn, args=(), kwargs=None, timeout=-1):
        """The same with a time limit of its own (ms; -1: none)."""
        future = _Future(self)
        call = self._encode(fn, args, kwargs)
        deadline = time.monotonic() + timeout / 1000 if timeout >= 0 else None
        with self._lock:
            if self._closed:
                raise RuntimeError("cannot submit to an executor that was shut down")
            self._posted.append(("give", future, call, deadline))
            asleep, self._awake = not self._awake, True
        if asleep:
            os.eventfd_write(self._wake, 1)
        return future

    def shutdown(self, wait=True, *, cancel_futures=False):
        """Takes no more work; with `wait` returns when what was given has ended."""
        if cancel_futures:
            self._post(("cancel all", None))
        self._closed = True
        self._post(("close", None))
        if wait and threading.current_thread() is not self._thread:
            self._thread.join()

    # ---- encoding ----

    def _encode(self, fn, args, kwargs):
        plain = not kwargs and all(type(arg) in _PLAIN for arg in args)
        name = _importable(fn) if plain else None
        if name is not None:
            return (*name, args)
        if plain:
            return ("Pro._executor", "_call", (self._pickle(fn), list(args)))
        return ("Pro._executor", "_call_pickled", (self._pickle(fn), _dumps((args, kwargs or {}))))

    def _pickle(self, fn):
        try:
            pickled = self._pickled.get(fn)
        except TypeError:  # it cannot be a key
            return _dumps(fn)
        if pickled is None:
            pickled = _dumps(fn)
            if getattr(fn, "__closure__", True) is None:
                self._pickled[fn] = pickled
        return pickled

    # ---- the manager's thread ----

    def _post(self, request):
        with self._lock:
            self._posted.append(request)
            asleep, self._awake = not self._awake, True
        if asleep:
            os.eventfd_write(self._wake, 1)

    def _serve(self):
        from Pro.MP import ProManager

        server = None
        try:
            with ProManager() as manager:
                manager.setOptions(self._options)
                server = _Server(manager, self._max_workers, self._cancel_timeout)
                self._pump(server)
        except BaseException as error:  # whatever it was: nobody may wait for ever
            self._closed = True
            if server is not None:
                server.fail_all(error)
            for request in list(self._posted):
                if request[0] == "give":
                    request[1].settle(None, error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._awake = True
            os.close(self._wake)

    def _pump(self, server):
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        poll.register(server.manager.fileno(), select.POLLIN)
        closing = False
        while not (closing and not server.futures and not self._posted):
            while self._posted:
                request = self._posted.popleft()
                closing |= request[0] == "close"
                server.handle(request)
            server.deliver()
            with self._lock:
                if self._posted:
                    continue
                self._awake = False
            if closing and not server.futures:
                return
            poll.poll(server.next_timeout_ms())
            self._awake = True
            try:
                os.eventfd_read(self._wake)
            except BlockingIOError:
                pass


def _dumps(value):
    import cloudpickle

    return cloudpickle.dumps(value)


class _Server:
    """What the executor's thread knows: the manager, and which future waits for which task."""

    def __init__(self, manager, max_workers, cancel_timeout):
        self.manager = manager
        self.futures = {}  # task -> future
        self._tasks = {}  # future -> task
        self._deadlines = []  # heap of (time, task)
        self._started = 0
        self._max_workers = max_workers
        self._cancel_timeout = cancel_timeout

    def handle(self, request):
        if request[0] == "give":
            self._give(*request[1:])
        elif request[0] == "cancel":
            self._cancel(request[1])
        elif request[0] == "cancel all":
            for future in list(self._tasks):
                future.cancel()

    def _give(self, future, call, deadline):
        if future.cancelled():
            return
        try:
            if self._started < self._max_workers and len(self.futures) >= self._started:
                self.manager.startWorker()
                self._started += 1
            module, name, args = call
            task = self.manager.callFunction(_promp.ProWorker_Any, module, name, args, True)
        except Exception as error:
            future.settle(None, error)
            return
        self.futures[task] = future
        self._tasks[future] = task
        if deadline is not None:
            heapq.heappush(self._deadlines, (deadline, task))

    def _cancel(self, future):
        task = self._tasks.get(future)
        if task is not None:
            self.manager.abortTask(task, self._cancel_timeout)

    def deliver(self):
        manager = self.manager
        manager.processMessages()
        while manager.hasResults():
            task, _worker, value, error = manager.takeEnding()
            future = self.futures.pop(task)
            del self._tasks[future]
            future.settle(value, error)
        self._check_deadlines()

    def _check_deadlines(self):
        now = time.monotonic()
        while self._deadlines and self._deadlines[0][0] <= now:
            _, task = heapq.heappop(self._deadlines)
            future = self.futures.get(task)
            if future is None:
                continue
            self.manager.abortTask(task, self._cancel_timeout)
            future.settle(None, TimeoutError("the task's time was over"))

    def next_timeout_ms(self):
        if not self._deadlines:
            return None
        return max(0, (self._deadlines[0][0] - time.monotonic()) * 1000 + 1)

    def fail_all(self, error):
        for future in self.futures.values():
            future.settle(None, error)
