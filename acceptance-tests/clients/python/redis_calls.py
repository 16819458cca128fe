"""redis-py, unchanged, on a database behind mutual TLS: pools, pipelines, transactions, subscriptions, scripts.

Environment: PORT, CA, and the certificates and keys of a user who may do everything and of one who may read. Prints a
line a step; any surprise is a non-zero exit.
"""

import asyncio
import os
import threading

import redis
import redis.asyncio

environment = os.environ


def connection(user, **more):
    return dict(
        host="localhost",
        port=int(environment["PORT"]),
        ssl=True,
        ssl_ca_certs=environment["CA"],
        ssl_certfile=environment[f"{user}_CERTIFICATE"],
        ssl_keyfile=environment[f"{user}_KEY"],
        decode_responses=True,
        **more,
    )


def step(sentence, holds=True):
    if not holds:
        raise SystemExit(f"FAILED: {sentence}")
    print(f"ok: {sentence}", flush=True)


def refused(sentence, error, call, *arguments):
    try:
        call(*arguments)
    except error:
        step(sentence)
        return
    raise SystemExit(f"FAILED: {sentence}")


for protocol in (2, 3):
    client = redis.Redis(**connection("WRITER", protocol=protocol))
    step(f"RESP{protocol}: the user is the certificate's", client.acl_whoami() == "writer")
    client.flushdb()
    client.set("greeting", "hello")
    with client.pipeline(transaction=True) as pipeline:
        pipeline.incr("counter").incr("counter").get("greeting")
        step(f"RESP{protocol}: a transaction in a pipeline", pipeline.execute() == [1, 2, "hello"])
    with client.pipeline(transaction=False) as pipeline:
        for number in range(1000):
            pipeline.rpush("list", number)
        step(f"RESP{protocol}: a pipeline of 1,000", pipeline.execute() == list(range(1, 1001)))
    step(f"RESP{protocol}: a script", client.eval("return redis.call('GET', KEYS[1])", 1, "greeting") == "hello")

    subscription = client.pubsub()
    subscription.subscribe("news")
    step(f"RESP{protocol}: subscribed", subscription.get_message(timeout=5)["type"] == "subscribe")
    client.publish("news", "it works")
    step(f"RESP{protocol}: a message", subscription.get_message(timeout=5)["data"] == "it works")
    subscription.close()

    popped = []
    waiting = threading.Thread(target=lambda: popped.append(client.blpop(["queue"], timeout=10)))
    waiting.start()
    client.rpush("queue", "element")
    waiting.join()
    step(f"RESP{protocol}: a blocking call", [list(pop) for pop in popped] == [["queue", "element"]])

    reader = redis.Redis(**connection("READER", protocol=protocol))
    step(f"RESP{protocol}: the other user reads", reader.get("greeting") == "hello")
    refused(f"RESP{protocol}: and does not write", redis.exceptions.NoPermissionError, reader.set, "greeting", "bye")

other = redis.Redis(**connection("READER", username="writer", password="guessed"))
refused("nobody becomes another by AUTH", redis.exceptions.ResponseError, other.get, "greeting")


async def at_once():
    client = redis.asyncio.Redis(**connection("WRITER"))
    answers = await asyncio.gather(*(client.incr("at once") for _ in range(100)))
    await client.aclose()
    return sorted(answers)


step("100 calls at once", asyncio.run(at_once()) == list(range(1, 101)))
step("every call was made")
