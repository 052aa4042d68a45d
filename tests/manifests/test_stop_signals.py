"""Real signals to real processes, and how each kind of work ends."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading

import pytest

from manifests.stop_signals import Stopped, StopSignal, stop_signals, stops_at_once


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_loop_sees_the_first_signal_and_is_ended_by_the_second(number: int, code: int) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Stopped) as caught, stop_signals() as stop:  # noqa: PT012
        assert not stop.requested
        os.kill(os.getpid(), number)
        assert stop.requested
        assert stop.number == number
        os.kill(os.getpid(), number)
    assert caught.value.exit_code == code
    assert signal.getsignal(number) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_other_work_is_ended_by_the_first_signal(number: int) -> None:
    before = signal.getsignal(number)
    with pytest.raises(StopSignal) as caught, stops_at_once():
        os.kill(os.getpid(), number)
    assert caught.value.number == number
    assert not isinstance(caught.value, Exception), "what forgives errors must not forgive it"
    assert signal.getsignal(number) == before


def test_a_second_signal_ends_the_process_in_its_clean_up() -> None:
    code = """
import os, signal
from manifests.stop_signals import stops_at_once
with stops_at_once():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        print("clean-up begins", flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
        print("clean-up ends", flush=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (143, "clean-up begins\n", "")


def test_a_thread_has_no_signals_to_handle() -> None:
    seen: list[bool] = []

    def work() -> None:
        with stop_signals() as stop, stops_at_once():
            seen.append(stop.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


def test_stopped_keeps_its_exit_code_on_its_way_home() -> None:
    error = pickle.loads(pickle.dumps(Stopped("stopped", where="runs/a", fix="go on", number=signal.SIGTERM)))
    assert (str(error), error.exit_code) == ("runs/a: stopped; go on", 143)
