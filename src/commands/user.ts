import type { NewUser, UserRow } from '../access/session-views.ts';
import { UserDesk, type WithPassword } from '../access/user-desk.ts';
import { systemClock } from '../clock.ts';
import { readSiteBook } from '../site-registry.ts';
import { type NodePlace, withRecord } from './open-record.ts';

/** Whoever may run commands on the record is the operator. */
const ACTOR = 'operator';

const CHANGES = {
  disable: { isDisabled: true },
  enable: { isDisabled: false },
  unlock: { unlock: true },
} as const;

/** Those that may sign in. */
export function listUsers(place: NodePlace): Promise<readonly UserRow[]> {
  return atDesk(place, (desk) => desk.list());
}

/** Adds a person; throws configuration-invalid where the sites file cannot be read, request-invalid, state-conflict. */
export function addOne(place: NodePlace, user: NewUser): Promise<WithPassword> {
  return atDesk(place, (desk) => desk.create(user, ACTOR));
}

/** Changes the person of a login; throws not-found, state-conflict. */
export function changeOne(place: NodePlace, login: string, change: keyof typeof CHANGES): Promise<UserRow> {
  return atDesk(place, async (desk) => {
    const { userId } = await desk.readByLogin(login);
    return desk.change(userId, CHANGES[change], ACTOR);
  });
}

/** Gives the person of a login a new one-time password; throws not-found, state-conflict. */
export function resetOne(place: NodePlace, login: string): Promise<WithPassword> {
  return atDesk(place, async (desk) => {
    const { userId } = await desk.readByLogin(login);
    return desk.resetPassword(userId, ACTOR);
  });
}

/** A person as a line for people. */
export function describeUser(user: UserRow): string {
  const { login, name, roles, siteIds, way, isDisabled, lockedUntil, lastSignInAt } = user;
  const parts = [
    roles.join(', '),
    siteIds === null ? null : `sites ${siteIds.join(', ')}`,
    way === 'oidc' ? 'of the identity provider' : null,
    isDisabled ? 'disabled' : null,
    lockedUntil === null ? null : `locked until ${lockedUntil}`,
    lastSignInAt === null ? 'never signed in' : `last signed in ${lastSignInAt}`,
  ];
  return `${login.padEnd(20)} ${name}: ${parts.filter((part) => part !== null).join('; ')}`;
}

function atDesk<Result>(place: NodePlace, step: (desk: UserDesk) => Promise<Result>): Promise<Result> {
  const sites = { book: () => readSiteBook(place) };
  return withRecord(place, (database) => step(new UserDesk({ database, sites, clock: systemClock })));
}
