import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { DeliveriesAnswer, DeliveryDesk, RestartAnswer } from '../worklist/delivery-desk.ts';
import { actorOf } from '../exam/staff.ts';
import { parseInput } from '../worklist/worklist-routes.ts';
import { staffOf } from './caller.ts';

const ROWS_MAX = 500;

const listQuery = z.strictObject({
  state: z.enum(['pending', 'delivered', 'dead', 'superseded']).default('dead'),
  limit: z.coerce.number().int().min(1).max(ROWS_MAX).default(200),
});

// Nothing given is a mistake; all of them have to be asked for in so many words.
const restartBody = z
  .strictObject({
    all: z.literal(true).optional(),
    destination: z.string().min(1).max(64).optional(),
    examId: z.string().min(1).max(64).optional(),
    kind: z.enum(['SR', 'SC', 'GSPS', 'PDF']).optional(),
  })
  .refine(({ all, ...chosen }) => (all === true) !== Object.keys(chosen).length > 0, {
    error: 'name a destination, an exam or a kind, or all: true',
  });

/** Serves the list of deliveries and the restart of dead ones. */
export function serveDeliveries(app: FastifyInstance, desk: DeliveryDesk, clock: Clock): void {
  const at = (): string => new Date(clock.nowMs()).toISOString();
  app.get('/api/deliveries', async (request): Promise<DeliveriesAnswer> => {
    const { state, limit } = parseInput(listQuery, request.query);
    const deliveries = await desk.list(state, limit);
    if (staffOf(request).roles.includes('coordinator')) return { at: at(), deliveries };
    return { at: at(), deliveries: deliveries.map((row) => ({ ...row, person: null, ageYears: null })) };
  });
  app.post('/api/deliveries/restart', async (request): Promise<RestartAnswer> => {
    const { all, ...selection } = parseInput(restartBody, request.body);
    return {
      at: at(),
      restarted: await desk.restart(all === true ? {} : selection, actorOf(staffOf(request))),
    };
  });
}
