/** Who may sign in: for administrators. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { OneTimePasswordAnswer, UserAnswer, UsersAnswer } from '../access/session-views.ts';
import type { UserDesk } from '../access/user-desk.ts';
import type { Clock } from '../clock.ts';
import { actorOf, ROLES } from '../exam/staff.ts';
import { parseInput } from '../worklist/worklist-routes.ts';
import { staffOf } from './caller.ts';
import type { RouteGroup } from './server.ts';

const SITES_MAX = 500;

const roles = z.array(z.enum(ROLES)).min(1).max(ROLES.length);
const siteIds = z.array(z.string().min(1).max(64)).max(SITES_MAX).nullable();
const name = z.string().max(200);
const newUserBody = z.strictObject({
  login: z.string().max(64),
  name,
  roles,
  siteIds: siteIds.default(null),
});
const changeBody = z
  .strictObject({
    name: name.optional(),
    roles: roles.optional(),
    siteIds: siteIds.optional(),
    isDisabled: z.boolean().optional(),
    unlock: z.literal(true).optional(),
  })
  .refine((change) => Object.keys(change).length > 0, { error: 'says nothing to change' });
const userParams = z.object({ userId: z.string().regex(/^[\w-]{1,64}$/, 'is no user identifier') });

/** Serves the list of users and its changes. */
export function serveUsers(users: UserDesk, clock: Clock): RouteGroup {
  const userIdOf = (request: FastifyRequest): string => parseInput(userParams, request.params).userId;
  const actor = (request: FastifyRequest): string => actorOf(staffOf(request));
  return (app) => {
    app.get('/api/users', async (): Promise<UsersAnswer> => ({
      at: new Date(clock.nowMs()).toISOString(),
      users: await users.list(),
    }));
    app.post('/api/users', async (request): Promise<OneTimePasswordAnswer> =>
      users.create(parseInput(newUserBody, request.body), actor(request)),
    );
    app.patch('/api/users/:userId', async (request): Promise<UserAnswer> => {
      const change = parseInput(changeBody, request.body);
      return { user: await users.change(userIdOf(request), change, actor(request)) };
    });
    app.post('/api/users/:userId/password-reset', (request): Promise<OneTimePasswordAnswer> =>
      users.resetPassword(userIdOf(request), actor(request)),
    );
    app.post('/api/users/:userId/sign-out', async (request): Promise<UserAnswer> => ({
      user: await users.signOut(userIdOf(request), actor(request)),
    }));
  };
}
