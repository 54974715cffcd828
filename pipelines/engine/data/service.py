"""Batches that other machines prepare: tf.data service, with nothing lost, nothing twice, and
nothing in another order.

Batch g follows from g alone. So the numbers are dealt out among workers, batches may come in any
order, and what does not come, because its worker died with it, is prepared here.
"""

import queue
import socket
import sys
import threading

import tensorflow as tf

from pipelines.errors import PipelineError

AHEAD = 16  # batches that may come before the next one in order is taken for lost
PATIENCE = 30.0  # seconds in which no batch comes before this process helps itself


def check(address):
    """Raises PipelineError if nothing listens at `address`, host:port; "" is none, and right."""
    if not address:
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise PipelineError(
            f"data_service must be HOST:PORT; got {address!r}. It is the address of the dispatcher."
        )
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise PipelineError(
            f"no tf.data service at {address}: {error.strerror or error}. Start one, or leave"
            " data_service empty."
        ) from error


def in_order(steps, first_step, address):
    """tf.data of batches from `first_step` on, prepared by the service at `address`.

    steps: number -> tf.data of (step, batch) from there on, made of one tf.data.Dataset.range,
        which is dealt out.
    """
    numbered = steps(first_step)

    def made():
        return _ordered(numbered, address, _Helper(steps), first_step)

    return tf.data.Dataset.from_generator(made, output_signature=numbered.element_spec[1])


def _dealt(numbered, address):
    """(step, batch) of `numbered`, in any order: each from whichever worker it was dealt out to."""
    service = tf.data.experimental.service
    policy = service.ShardingPolicy.DYNAMIC
    return numbered.apply(service.distribute(processing_mode=policy, service=f"grpc://{address}"))


def _ordered(numbered, address, helper, step):
    """Batches in the order of their steps, of which the service gives (step, batch) in any order
    and maybe not all."""
    arrived, ended = queue.Queue(maxsize=AHEAD), threading.Event()
    threading.Thread(target=_receive, args=(numbered, address, arrived, ended), daemon=True).start()
    waiting, patience = {}, PATIENCE
    try:
        while True:
            while step not in waiting and len(waiting) < AHEAD:
                try:
                    number, batch = arrived.get(timeout=patience)
                except queue.Empty:
                    patience = 0.01  # until a batch comes again
                    break
                patience = PATIENCE
                if number >= step:  # or it came too late
                    waiting[number] = batch
            yield waiting.pop(step) if step in waiting else helper.prepare(step)
            step += 1
    finally:
        ended.set()


def _receive(numbered, address, arrived, ended):
    try:
        for number, batch in _dealt(
            numbered, address
        ):  # may wait for an hour if the dispatcher has gone
            while not ended.is_set():
                try:
                    arrived.put((int(number), batch), timeout=1)
                    break
                except queue.Full:
                    continue
            if ended.is_set():
                return
    except tf.errors.OpError as error:
        reason = (error.message or type(error).__name__).splitlines()[0]
        print(
            f"data service: {reason} This process prepares the batches from here on.",
            file=sys.stderr,
            flush=True,
        )


class _Helper:
    """Prepares what the service owes."""

    def __init__(self, steps):
        self._steps, self._batches, self._at, self._told = steps, None, None, False

    def prepare(self, step):
        if not self._told:
            self._told = True
            print(
                f"data service: batch {step} has not come; this process prepares it, as all that do"
                " not come. The run stays the same.",
                file=sys.stderr,
                flush=True,
            )
        if self._at != step:
            self._batches, self._at = iter(self._steps(step)), step
        self._at += 1
        return next(self._batches)[1]
