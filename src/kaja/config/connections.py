"""A request's database work is over when its answer begins to go out.

Django gives a connection back when the answer has been read to its end. A page that stays open, or somebody who reads
a film over a slow line, would keep one of the few for as long as that; and a thread, which asgiref keeps for every
request until then.
"""

from typing import Any

from asgiref.sync import SyncToAsync, sync_to_async

from kaja.kernel.connections import release_connections


async def end_database_work(*, and_thread: bool) -> None:
    """Give back what the request's own thread holds; and end that thread, when nothing will soon need it again."""
    context: Any = SyncToAsync.thread_sensitive_context.get(None)
    executor = SyncToAsync.context_to_thread_executor.get(context) if context is not None else None
    if executor is None:
        return  # nothing of this request ran in a thread
    await sync_to_async(release_connections)()
    if and_thread:
        SyncToAsync.context_to_thread_executor.pop(context, None)
        executor.shutdown(wait=False)  # a later call of this request gets a new one
