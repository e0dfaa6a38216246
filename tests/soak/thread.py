# SPDX-License-Identifier: GPL-2.0-or-later
"""A thread of a soak. One that ends by an exception, or does not end, is told in the account: what it did not do
would else count as done well."""
import threading


class Thread:
    """Carries out `run(stop)`, where `stop` is an Event that is set when it is to end."""

    def __init__(self, run):
        self.fault = ""
        self._name = f"{run.__self__.__class__.__name__}.{run.__name__}"
        self._run = run
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watched, daemon=True)

    def start(self):
        self._thread.start()

    def pause(self, seconds):
        """Until it is to end, at most."""
        self._stop.wait(seconds)

    def ask_to_end(self):
        self._stop.set()

    def stop(self, seconds=120):
        self.ask_to_end()
        self._thread.join(seconds)
        if self._thread.is_alive():
            self.fault = f"{self._name} does not end"

    def _watched(self):
        try:
            self._run(self._stop)
        except Exception as error:  # whatever it is
            self.fault = f"{self._name} ended: {type(error).__name__}: {error}"


def stop_all(threads, seconds):
    for thread in threads:
        thread.ask_to_end()
    for thread in threads:
        thread.stop(seconds)
