// node-redis, unchanged, on a database behind mutual TLS: commands, transactions, subscriptions, a pool.
//
// Environment: PORT, CA, and the certificates and keys of a user who may do everything and of one who may read. Prints a
// line a step; any surprise is a non-zero exit.

import { readFileSync } from "node:fs";
import { createClient } from "redis";

const environment = process.env;

function step(sentence, holds = true) {
  if (!holds) {
    console.log(`FAILED: ${sentence}`);
    process.exit(1);
  }
  console.log(`ok: ${sentence}`);
}

async function connect(user, RESP, more = {}) {
  const client = createClient({
    RESP,
    socket: {
      host: "localhost",
      port: Number(environment.PORT),
      tls: true,
      ca: readFileSync(environment.CA),
      cert: readFileSync(environment[`${user}_CERTIFICATE`]),
      key: readFileSync(environment[`${user}_KEY`]),
      reconnectStrategy: false,
    },
    ...more,
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

async function refused(sentence, call) {
  let answer;
  try {
    answer = await call();
  } catch (error) {
    step(`${sentence}: ${error.message.split(" ")[0]}`);
    return;
  }
  step(`${sentence}, and got ${answer}`, false);
}

for (const RESP of [2, 3]) {
  const writer = await connect("WRITER", RESP);
  step(`RESP${RESP}: the user is the certificate's`, (await writer.sendCommand(["ACL", "WHOAMI"])) === "writer");
  await writer.flushDb();
  await writer.set("greeting", "hello");
  const answers = await writer.multi().incr("counter").get("greeting").exec();
  step(`RESP${RESP}: a transaction`, JSON.stringify(answers) === '[1,"hello"]');
  const many = await Promise.all(Array.from({ length: 1000 }, (_, number) => writer.rPush("list", String(number))));
  step(`RESP${RESP}: 1,000 commands at once`, many.at(-1) === 1000);

  const subscriber = await connect("WRITER", RESP);
  const message = new Promise((resolve) => subscriber.subscribe("news", resolve).then(() => writer.publish("news", "it works")));
  step(`RESP${RESP}: a message`, (await message) === "it works");
  await subscriber.unsubscribe("news");
  subscriber.destroy();

  const reader = await connect("READER", RESP);
  step(`RESP${RESP}: the other user reads`, (await reader.get("greeting")) === "hello");
  await refused(`RESP${RESP}: and does not write`, () => reader.set("greeting", "bye"));
  reader.destroy();
  writer.destroy();
}

await refused("nobody becomes another by AUTH", () => connect("READER", 2, { username: "writer", password: "guessed" }));
step("every call was made");
process.exit(0);
