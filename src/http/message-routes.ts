import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { listMessages, type MessageRow, restartMessages } from '../database/message-records.ts';
import type { Database } from '../database/schema.ts';
import { transact } from '../database/transact.ts';
import { actorOf } from '../exam/staff.ts';
import type { MessagesAnswer, MessagesRestartAnswer, MessageView } from '../exchange/message-views.ts';
import { parseInput } from '../worklist/worklist-routes.ts';
import { staffOf } from './caller.ts';
import type { RouteGroup } from './server.ts';

const ROWS_MAX = 500;

const listQuery = z.strictObject({
  state: z.enum(['pending', 'delivered', 'dead', 'superseded']).default('dead'),
  limit: z.coerce.number().int().min(1).max(ROWS_MAX).default(200),
});

// Nothing given is a mistake; all of them have to be asked for in so many words.
const restartBody = z
  .strictObject({
    all: z.literal(true).optional(),
    receiver: z.string().min(1).max(64).optional(),
    messageId: z.string().min(1).max(64).optional(),
  })
  .refine(({ all, ...chosen }) => (all === true) !== Object.keys(chosen).length > 0, {
    error: 'name a receiver or a message, or all: true',
  });

/** What the routes of messages stand on. */
export interface MessageRoutesParts {
  readonly database: Kysely<Database>;
  readonly clock: Clock;
  /** Rung when there is something to send. */
  readonly onRestarted: () => void;
}

/** Serves the list of messages to other systems and the restart of dead ones. */
export function serveMessages({ database, clock, onRestarted }: MessageRoutesParts): RouteGroup {
  const at = (): string => isoTime(clock.nowMs());
  return (app) => {
    app.get('/api/messages', async (request): Promise<MessagesAnswer> => {
      const { state, limit } = parseInput(listQuery, request.query);
      const rows = await listMessages(database, state, limit);
      return { at: at(), messages: rows.map(messageView) };
    });
    app.post('/api/messages/restart', async (request): Promise<MessagesRestartAnswer> => {
      const { all, ...selection } = parseInput(restartBody, request.body);
      const by = { nowMs: clock.nowMs(), actor: actorOf(staffOf(request)) };
      const restarted = await transact(database, (transaction) =>
        restartMessages(transaction, all === true ? {} : selection, by),
      );
      if (restarted > 0) onRestarted();
      return { at: at(), restarted };
    });
  };
}

function messageView(row: MessageRow): MessageView {
  const { createdAtMs, dueAtMs, firstTryAtMs, deliveredAtMs, ...shown } = row;
  return {
    ...shown,
    createdAt: isoTime(createdAtMs),
    firstTryAt: firstTryAtMs === null ? null : isoTime(firstTryAtMs),
    deliveredAt: deliveredAtMs === null ? null : isoTime(deliveredAtMs),
    changedAt: isoTime(dueAtMs),
  };
}

function isoTime(atMs: number): string {
  return new Date(atMs).toISOString();
}
