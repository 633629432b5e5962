#!/usr/bin/env python3
"""Batch against time per token, from the library libgable by way of ctypes: no package to install.

    python3 gable_ctypes.py [MODEL [SYSTEM [TP]]]

GABLE_LIBRARY names the library where the loader does not find it, GABLE_DATA the data folder. The two classes are the
structs of gable.h, member by member, in its order.
"""
import ctypes
import ctypes.util
import os
import sys
from ctypes import c_char_p, c_double, c_int, c_void_p


class Query(ctypes.Structure):
    _fields_ = [
        ("model", c_char_p), ("system", c_char_p), ("stack", c_char_p), ("phase", c_char_p),
        ("batch", c_double), ("context", c_double), ("new_tokens", c_double),
        ("tp", c_int), ("ep", c_int), ("experts_skew", c_double),
        ("weights", c_char_p), ("activations", c_char_p), ("kv", c_char_p), ("checkpoint", c_char_p),
        ("decoding", c_char_p), ("draft", c_char_p), ("acceptance_table", c_char_p),
        ("draft_tokens", c_int), ("denoise_steps", c_int),
        ("acceptance_rate", c_double), ("accepted_length", c_double),
        ("memory", c_char_p), ("offload_to", c_char_p),
        ("offload_weights", c_double), ("offload_kv", c_double),
        ("pp", c_int), ("cp", c_int), ("dp", c_int), ("attn_dp", c_int), ("nodes", c_int),
        ("micro_batches", c_int), ("redundant_experts", c_int),
        ("overlap", c_char_p), ("exchange", c_char_p), ("context_exchange", c_char_p),
    ]


class Answer(ctypes.Structure):
    _fields_ = [
        ("time_s", c_double), ("p10_s", c_double), ("p90_s", c_double), ("ceiling_s", c_double),
        ("bound", c_char_p),
        ("flops", c_double), ("hbm_bytes", c_double), ("wire_bytes", c_double),
        ("intensity_flops_per_byte", c_double), ("ridge_flops_per_byte", c_double), ("tokens_per_s", c_double),
        ("weights_bytes", c_double), ("kv_bytes", c_double), ("state_bytes", c_double),
        ("activation_bytes", c_double), ("total_bytes", c_double), ("capacity_bytes", c_double),
        ("fits", c_int), ("source", c_char_p), ("n_operators", c_int),
        ("iteration_s", c_double), ("accepted_tokens", c_double), ("speedup", c_double), ("host_bytes", c_double),
    ]


def load():
    name = os.environ.get("GABLE_LIBRARY") or ctypes.util.find_library("gable") or "libgable.so.0"
    library = ctypes.CDLL(name)
    library.gable_open.argtypes = [c_char_p, ctypes.POINTER(c_void_p)]
    library.gable_cost.argtypes = [c_void_p, ctypes.POINTER(Query), ctypes.POINTER(Answer)]
    library.gable_message.argtypes = [c_void_p]
    library.gable_message.restype = c_char_p
    library.gable_close.argtypes = [c_void_p]
    return library


class Session:
    """A folder of data; models and systems are loaded once."""

    def __init__(self, data):
        self.library = load()
        self.handle = c_void_p()
        if self.library.gable_open(data.encode(), ctypes.byref(self.handle)) != 0:
            raise RuntimeError(f"no data in {data}")

    def cost(self, **scenario):
        query = Query(stack=b"trtllm", phase=b"decode", batch=1, context=1024, new_tokens=1, tp=1, ep=1)
        for key, value in scenario.items():
            setattr(query, key, value.encode() if isinstance(value, str) else value)
        answer = Answer()
        if self.library.gable_cost(self.handle, ctypes.byref(query), ctypes.byref(answer)) != 0:
            raise ValueError(self.library.gable_message(self.handle).decode())
        return answer

    def close(self):
        self.library.gable_close(self.handle)


def main(model="llama-3.1-70b", system="hgx-h100-8", tp="8"):
    session = Session(os.environ.get("GABLE_DATA", "/usr/local/share/gable"))
    print("batch,time_s,p10_s,p90_s,bound,tokens_per_s,fits")
    for batch in (1, 4, 16, 64, 256):
        a = session.cost(model=model, system=system, tp=int(tp), batch=batch, context=4096)
        print(f"{batch},{a.time_s!r},{a.p10_s!r},{a.p90_s!r},{a.bound.decode()},{a.tokens_per_s!r},{a.fits}")
    session.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
