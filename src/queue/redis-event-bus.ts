import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type EventBus, openEventBus } from '../event-bus.ts';
import type { RedisLink } from './redis-connection.ts';

const CHANNEL = 'events';

const identifier = z.string().min(1).max(64);
const message = z.object({
  from: z.string(),
  event: z.discriminatedUnion('type', [
    z.object({ type: z.literal('exam'), examId: identifier }),
    z.object({ type: z.literal('referral'), referralId: identifier }),
    z.object({ type: z.literal('deliveries') }),
  ]),
});

/**
 * Tells those of this process at once, and those of every other process through Redis. What is published while Redis is
 * lost stays in this process.
 */
export function openRedisEventBus(redis: RedisLink): EventBus & { close(): void } {
  const here = openEventBus();
  const self = randomUUID();
  const close = redis.listen(CHANNEL, (text) => {
    const heard = message.safeParse(parse(text)).data;
    if (heard !== undefined && heard.from !== self) here.publish(heard.event);
  });
  return {
    publish(event) {
      here.publish(event);
      redis.publish(CHANNEL, JSON.stringify({ from: self, event })).catch(() => undefined);
    },
    subscribe: (listener) => here.subscribe(listener),
    close,
  };
}

/** undefined where it is no JSON: others may speak on the same server. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
