import { ROLES, type Role } from '../exam/staff.ts';
import { readConfig } from '../config.ts';
import { type Command, dataOption, Option, print } from './command-line.ts';

interface AddOptions {
  readonly data?: string;
  readonly name: string;
  readonly role: Role[];
  readonly site?: string[];
  readonly json: boolean;
}

interface OneOptions {
  readonly data?: string;
  readonly json: boolean;
}

/** The commands on who may sign in. */
export function addUserCommands(program: Command): void {
  const user = program
    .command('user')
    .description('who may sign in with a password of this node; also while the service runs');
  addList(user);
  addUser(user);
  addChange(user, 'disable', 'end the sessions of a person and let nobody in with that login');
  addChange(user, 'enable', 'let a disabled person in again');
  addChange(user, 'unlock', 'let a person in again who typed too many wrong passwords');
  addReset(user);
}

function addList(user: Command): void {
  user
    .command('list')
    .description('print the list')
    .addOption(dataOption())
    .option('--json', 'print one line of JSON (osteotriage.users/1)', false)
    .action(async ({ data, json }: OneOptions) => {
      const { config } = readConfig({ data });
      const { describeUser, listUsers } = await import('./user.ts');
      const users = await listUsers(config);
      if (json) print(JSON.stringify({ schema: 'osteotriage.users/1', users }));
      else for (const row of users) print(describeUser(row));
    });
}

function addUser(user: Command): void {
  user
    .command('add')
    .description('add a person; the one-time password is printed once and changed at the first sign-in')
    .argument('<login>')
    .requiredOption('--name <name>', 'the name that colleagues see')
    .addOption(new Option('--role <role...>', 'what the person may do').choices(ROLES).makeOptionMandatory())
    .option('--site <siteId...>', 'the sites of a site user')
    .addOption(dataOption())
    .option('--json', 'print one line of JSON (osteotriage.user/1)', false)
    .action(async (login: string, { data, name, role, site, json }: AddOptions) => {
      const { config } = readConfig({ data });
      const { addOne } = await import('./user.ts');
      const added = await addOne(config, { login, name, roles: role, siteIds: site ?? null });
      printPassword(added, json);
    });
}

function addChange(user: Command, change: 'disable' | 'enable' | 'unlock', description: string): void {
  user
    .command(change)
    .description(description)
    .argument('<login>')
    .addOption(dataOption())
    .option('--json', 'print one line of JSON (osteotriage.user/1)', false)
    .action(async (login: string, { data, json }: OneOptions) => {
      const { config } = readConfig({ data });
      const { changeOne, describeUser } = await import('./user.ts');
      const changed = await changeOne(config, login, change);
      print(json ? JSON.stringify({ schema: 'osteotriage.user/1', user: changed }) : describeUser(changed));
    });
}

function addReset(user: Command): void {
  user
    .command('reset-password')
    .description('give a person a new one-time password and end the sessions')
    .argument('<login>')
    .addOption(dataOption())
    .option('--json', 'print one line of JSON (osteotriage.user/1)', false)
    .action(async (login: string, { data, json }: OneOptions) => {
      const { config } = readConfig({ data });
      const { resetOne } = await import('./user.ts');
      printPassword(await resetOne(config, login), json);
    });
}

function printPassword(
  done: { readonly user: { readonly login: string }; readonly oneTimePassword: string },
  json: boolean,
): void {
  const { login } = done.user;
  if (json) print(JSON.stringify({ schema: 'osteotriage.user/1', ...done }));
  else
    print(
      `login: ${login}\none-time password: ${done.oneTimePassword}\nIt must be changed at the first sign-in.`,
    );
}
