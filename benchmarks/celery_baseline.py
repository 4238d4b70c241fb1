"""The baseline of `delivery.py`: one Celery task per post, the same HTTP call, nothing kept."""

import os
import threading

import httpx2
from celery import Celery

app = Celery("baseline", broker=os.environ.get("BENCH_REDIS", "redis://127.0.0.1:6379/0"))
app.conf.update(task_ignore_result=True, worker_send_task_events=False, task_acks_late=True)
_own = threading.local()


@app.task
def publish(token: str, text: str) -> None:
    """Post one text. Each thread keeps its connection."""
    client = getattr(_own, "client", None)
    if client is None:
        client = _own.client = httpx2.Client(base_url=os.environ["BENCH_URL"], timeout=60)
    answer = client.post("/api/v1/posts", json={"text": text}, headers={"Authorization": f"Bearer {token}"})
    answer.raise_for_status()
