"""Memory of web and worker, as proportional set size, ÷ a bare Litestar process."""

import subprocess
import sys
import time

import psutil

from bench.report import Row
from bench.stage import Stage, bare_web, product_web

SETTLE_SECONDS = 8
STOP_SECONDS = 20
MEGABYTE = 1024 * 1024


def measure(stage: Stage) -> list[Row]:
    """Start web and worker, let them settle, and read their memory."""
    with bare_web(stage) as (_, bare):
        yardstick = megabytes(bare.pid)
    with product_web(stage) as (_, web):
        worker = subprocess.Popen([sys.executable, "-m", "app", "worker"], env=stage.environment())
        try:
            time.sleep(SETTLE_SECONDS)
            both = megabytes(web.pid) + megabytes(worker.pid)
        finally:
            worker.terminate()
            worker.wait(timeout=STOP_SECONDS)
    return [Row("memory of web + worker", both, "MB", yardstick, "bare Litestar process")]


def megabytes(pid: int) -> float:
    """Return a process's share of memory: private pages whole, shared ones by their users."""
    return float(psutil.Process(pid).memory_full_info().pss) / MEGABYTE
