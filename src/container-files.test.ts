import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig, SETTINGS } from './config.ts';
import { checkDistributedSettings } from './distributed-settings.ts';
import { PROJECT_FOLDER } from './project-folder.ts';
import { parseSites } from './sites.ts';
import {
  type ComposeFile,
  type ComposeService,
  contextSourcesOf,
  DOCKER_FOLDER,
  environmentOf,
  type Instruction,
  lastStageOf,
  listContextFiles,
  readComposeFile,
  readDockerfile,
} from './testing/container-files.ts';
import { freePort } from './testing/free-port.ts';

const DOCKERFILES = ['Dockerfile', 'Dockerfile.cuda'];
const COMPOSE_FILES = ['compose.embedded.yaml', 'compose.distributed.yaml'];
const OWN_IMAGE = 'osteotriage';
const HEALTH_ROUTE = "app.get('/healthz'";
const IMPORTS =
  /^(?:import|export)\s(?:[^';]*?\sfrom )?'([^']+)'|\bimport\('([^']+)'\)|new URL\('(\.[^']+)', import\.meta\.url\)/gm;

interface Named {
  readonly name: string;
  readonly service: ComposeService;
}

function ownServicesOf({ services }: ComposeFile): readonly Named[] {
  return Object.entries(services)
    .filter(([, { image }]) => image === OWN_IMAGE)
    .map(([name, service]) => ({ name, service }));
}

const helps = new Map<string, string>();

/** What the program says of a command of its own. */
function helpOf(command: string): string {
  const known = helps.get(command);
  if (known !== undefined) return known;
  const main = join(PROJECT_FOLDER, 'src/main.ts');
  const { stdout } = spawnSync(process.execPath, [main, command, '--help'], { encoding: 'utf8' });
  helps.set(command, stdout);
  return stdout;
}

/** What a service of ours finds in its environment. */
function environmentIn(service: ComposeService): Readonly<Record<string, string>> {
  return { ...environmentOf(lastStageOf(readDockerfile('Dockerfile'))), ...service.environment };
}

describe.each(DOCKERFILES)('%s', (file) => {
  const instructions = readDockerfile(file);
  const last = lastStageOf(instructions);
  const textOf = (name: string) => last.find((each) => each.name === name)?.text;

  it('copies what is there and what the build may see', () => {
    const seen = listContextFiles();
    for (const source of contextSourcesOf(instructions)) {
      expect(
        seen.some((path) => path === source || path.startsWith(`${source.replace(/\/$/, '')}/`)),
        source,
      ).toBe(true);
    }
  });

  it('sets variables that are settings, to what they may be', () => {
    const variables: readonly string[] = Object.values(SETTINGS).map(({ variable }) => variable);
    const environment = environmentOf(last);
    for (const name of Object.keys(environment).filter((each) => each !== 'NODE_ENV')) {
      expect(variables).toContain(name);
    }
    expect(() => readConfig({}, environment)).not.toThrow();
  });

  it('starts the program as no super-user, and is looked at where the service answers', () => {
    expect(textOf('USER')).toMatch(/^(node|1000:1000)$/);
    expect(JSON.parse(textOf('ENTRYPOINT') ?? '')).toEqual([
      'node',
      '--max-semi-space-size=1',
      'src/main.ts',
    ]);
    expect(JSON.parse(textOf('CMD') ?? '')).toEqual(['serve']);
    expect(textOf('STOPSIGNAL')).toBe('SIGTERM');
    const { config } = readConfig({}, environmentOf(last));
    expect(textOf('EXPOSE')).toBe(`${config.dimsePort} ${config.operationsPort}`);
    expect(textOf('VOLUME')).toBe(config.data);
    const [, script = ''] = /CMD \["node", "--eval", (".*")\]$/.exec(textOf('HEALTHCHECK') ?? '') ?? [];
    expect(JSON.parse(script)).toContain('${process.env.TRIAGE_OPERATIONS_PORT}/healthz');
    expect(readFileSync(join(PROJECT_FOLDER, 'src/http/operations-server.ts'), 'utf8')).toContain(
      HEALTH_ROUTE,
    );
  });

  it('takes the packages that are locked, and runs no install script but the one that it names', () => {
    const installs = instructions.filter(({ text }) => text.includes('npm ci'));
    expect(installs).toHaveLength(2);
    for (const { text } of installs) expect(text).toContain('--ignore-scripts');
    expect(readFileSync(join(PROJECT_FOLDER, '.npmrc'), 'utf8')).toContain('onnxruntime-node-install=skip');
    expect(existsSync(join(PROJECT_FOLDER, 'node_modules/onnxruntime-node/script/install.js'))).toBe(true);
  });
});

describe.each(COMPOSE_FILES)('%s', (file) => {
  const compose = readComposeFile(file);
  const own = ownServicesOf(compose);

  it.each(own)('$name has settings that the program takes', ({ service }) => {
    const variables: readonly string[] = Object.values(SETTINGS).map(({ variable }) => variable);
    for (const [name, value] of Object.entries(service.environment ?? {})) {
      expect(variables).toContain(name);
      expect(typeof value, name).toBe('string');
    }
    const { config } = readConfig({}, environmentIn(service));
    if (config.mode === 'distributed') checkDistributedSettings(config);
    expect(config.sitesFile).toBe(service.configs?.[0]?.target);
  });

  it.each(own)('$name is told to do what the program can', ({ service }) => {
    const [command = '', ...options] = service.command ?? [];
    const help = helpOf(command);
    expect(help).toContain(`osteotriage ${command} `);
    for (const option of options.filter((each) => each.startsWith('--')))
      expect(help).toContain(`${option} <`);
    const role = options[options.indexOf('--role') + 1];
    expect(() => readConfig({ roles: role }, environmentIn(service))).not.toThrow();
  });

  it.each(own)('$name opens the ports that it is configured for', ({ service }) => {
    const { config } = readConfig({}, environmentIn(service));
    for (const port of service.ports ?? []) expect(port.split(':').at(-1)).toBe(String(config.dimsePort));
    // Pages are on loopback, so only the machine's own network leads to them.
    if (service.environment?.['TRIAGE_HTTP_PORT'] !== undefined) {
      expect([service.network_mode, config.httpHost]).toEqual(['host', '127.0.0.1']);
    }
    if (service.network_mode === 'host') expect(config.operationsHost).toBe('127.0.0.1');
  });

  it('has each secret as a file that only those get who need it', () => {
    for (const [name, { environment = {}, secrets = [], command = [] }] of Object.entries(compose.services)) {
      for (const [variable, value] of Object.entries(environment)) {
        if (value.startsWith('/run/secrets/'))
          expect(secrets, name).toContain(value.slice('/run/secrets/'.length));
        else expect(variable, name).not.toMatch(/PASSWORD|SECRET|KEY/);
        if (URL.canParse(value)) expect(new URL(value).password).toBe('');
      }
      const used = JSON.stringify([environment, command]);
      for (const secret of secrets) {
        expect(used, name).toContain(`/run/secrets/${secret}`);
        expect(compose.secrets?.[secret]?.file).toBe(`./secrets/${secret}`);
      }
    }
  });

  it('gives every service limits, a way back after a crash and volumes that are declared', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      expect(service.restart, name).toMatch(/^(unless-stopped|on-failure)$/);
      expect(service.deploy?.resources.limits, name).toMatchObject({
        cpus: expect.any(String) as string,
        memory: expect.any(String) as string,
      });
      for (const volume of service.volumes ?? [])
        expect(compose.volumes).toHaveProperty([volume.split(':')[0]!]);
      for (const other of Object.keys(service.depends_on ?? {}))
        expect(compose.services).toHaveProperty([other]);
    }
    for (const { service, name } of own) {
      expect([service.init, service.read_only, service.stop_grace_period], name).toEqual([true, true, '20s']);
      const data = readConfig({}, environmentIn(service)).config.data;
      expect(service.volumes?.map((volume) => volume.split(':')[1])).toEqual([data]);
    }
    const [built] = own.filter(({ service }) => service.build !== undefined);
    expect(resolve(DOCKER_FOLDER, built?.service.build?.context ?? '')).toBe(PROJECT_FOLDER);
    expect(existsSync(join(PROJECT_FOLDER, built?.service.build?.dockerfile ?? ''))).toBe(true);
  });
});

describe('the distributed compose file', () => {
  it('has two listeners, two workers and one with the pages, each with its own folder', () => {
    const own = ownServicesOf(readComposeFile('compose.distributed.yaml'));
    expect(own.map(({ name, service }) => [name, service.command?.at(-1)])).toEqual([
      ['intake-1', 'intake'],
      ['intake-2', 'intake'],
      ['worker-1', 'worker'],
      ['worker-2', 'worker'],
      ['web', 'web'],
    ]);
    expect(new Set(own.flatMap(({ service }) => service.volumes ?? [])).size).toBe(5);
  });

  it('names services and ports of its own in the addresses of the stores', () => {
    const { services } = readComposeFile('compose.distributed.yaml');
    for (const { service } of ownServicesOf({ services })) {
      const { config } = readConfig({}, environmentIn(service));
      for (const address of [config.databaseUrl, config.redisUrl, config.s3Endpoint]) {
        const { hostname, port } = new URL(address);
        const published = Object.values(services).flatMap(({ ports = [] }) => ports);
        if (hostname === '127.0.0.1') expect(published).toContain(`127.0.0.1:${port}:${port}`);
        else expect(services[hostname]?.ports).toEqual([`127.0.0.1:${port}:${port}`]);
      }
    }
  });
});

it('the object store has the region, the port and the bucket that the service asks for', () => {
  const { services } = readComposeFile('compose.distributed.yaml');
  const text = readFileSync(join(DOCKER_FOLDER, 'garage.toml'), 'utf8');
  for (const { service } of ownServicesOf({ services })) {
    const { config } = readConfig({}, environmentIn(service));
    expect(text).toContain(`s3_region = "${config.s3Region}"`);
    expect(text).toContain(`api_bind_addr = "[::]:${new URL(config.s3Endpoint).port}"`);
    expect(services['objects']?.environment?.['GARAGE_DEFAULT_BUCKET']).toBe(config.s3Bucket);
  }
  // Success is answered when the store says so, so the store must have it on its disk.
  expect(text).toMatch(/^metadata_fsync = true\ndata_fsync = true$/m);
});

it('the example of a sites file is one', () => {
  const path = join(DOCKER_FOLDER, 'sites.example.json');
  expect(parseSites(readFileSync(path, 'utf8'), path).sites).toHaveLength(1);
});

describe('what the image holds', () => {
  const files = filesOf(lastStageOf(readDockerfile('Dockerfile')));
  const lock = JSON.parse(readFileSync(join(PROJECT_FOLDER, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>;
  };
  const packages = Object.entries(lock.packages)
    .filter(([path, { dev }]) => /^node_modules\/(?:@[^/]+\/)?[^/]+$/.test(path) && dev !== true)
    .map(([path]) => path)
    .filter((path) => existsSync(join(PROJECT_FOLDER, path)));

  it('is no test, no fixture and nothing of anybody', () => {
    expect(
      files.filter((path) => /\.(?:test|contract)\.ts$|src\/testing|training|\.log$/.test(path)),
    ).toEqual([]);
    expect(listContextFiles().filter((path) => /^(?:docker|data|dicom-fixtures)\//.test(path))).toEqual([]);
  });

  it('has every file that the program can reach, and every package without the development ones', () => {
    const direct = JSON.parse(readFileSync(join(PROJECT_FOLDER, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const workers = files.filter((path) => path.startsWith('workers/') && path.endsWith('.ts'));
    const { reached, imported } = reach(['src/main.ts', ...workers]);
    expect([...reached].filter((path) => !files.includes(path))).toEqual([]);
    expect([...imported].filter((name) => direct.dependencies[name] === undefined)).toEqual([]);
    expect(reached.size).toBeGreaterThan(100);
  });

  describe('as it would run', () => {
    let folder: string;
    let child: ChildProcess;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'osteotriage-image-'));
      copyFiles(files, join(folder, 'app'));
      cpSync(buildPages(join(folder, 'pages')), join(folder, 'app/dist/pages'), { recursive: true });
      for (const path of packages) {
        mkdirSync(join(folder, 'app', dirname(path)), { recursive: true });
        symlinkSync(join(PROJECT_FOLDER, path), join(folder, 'app', path));
      }
    });
    afterAll(() => {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });

    it('starts from these files and the packages of production alone, gets healthy and ready, and stops', async () => {
      const operationsPort = await freePort();
      const environment = {
        PATH: process.env['PATH'],
        // Links stay where they are, so that no package finds the development ones beside it.
        NODE_OPTIONS: '--preserve-symlinks --preserve-symlinks-main',
        ...environmentOf(lastStageOf(readDockerfile('Dockerfile'))),
        TRIAGE_DATA: join(folder, 'data'),
        TRIAGE_OPERATIONS_PORT: String(operationsPort),
        TRIAGE_DIMSE_PORT: '0',
        TRIAGE_HTTP_PORT: '0',
        TRIAGE_WORKERS: '1',
        TRIAGE_LOG_LEVEL: 'warn',
      };
      const [command = '', ...options] = JSON.parse(
        lastStageOf(readDockerfile('Dockerfile')).find(({ name }) => name === 'ENTRYPOINT')?.text ?? '',
      ) as string[];
      expect(command).toBe('node');
      child = spawn(process.execPath, [...options, 'serve'], {
        cwd: join(folder, 'app'),
        env: environment,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
      const { http } = JSON.parse(line) as { readonly http: { readonly url: string } };
      const statusOf = async (path: string) =>
        (await fetch(new URL(path, `http://127.0.0.1:${operationsPort}`))).status;
      expect(await statusOf('/healthz')).toBe(200);
      await expect.poll(() => statusOf('/readyz'), { timeout: 40_000 }).toBe(200);
      expect((await fetch(http.url)).status).toBe(200);
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
    }, 60_000);
  });
});

/** What a stage copies from the build's context. */
function filesOf(instructions: readonly Instruction[]): readonly string[] {
  const sources = contextSourcesOf(instructions);
  return listContextFiles().filter((path) =>
    sources.some((source) => path === source || path.startsWith(`${source}/`)),
  );
}

function copyFiles(files: readonly string[], folder: string): void {
  for (const path of files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    cpSync(join(PROJECT_FOLDER, path), join(folder, path));
  }
}

/** Builds the pages from what the first stage copies, as it does. */
function buildPages(folder: string): string {
  const instructions = readDockerfile('Dockerfile');
  const first = instructions.slice(
    0,
    instructions.findIndex(({ name }, at) => at > 0 && name === 'FROM'),
  );
  copyFiles(filesOf(first), folder);
  symlinkSync(join(PROJECT_FOLDER, 'node_modules'), join(folder, 'node_modules'));
  const words = first.at(-1)?.text.split(' ') ?? [];
  expect(words[0]).toBe('node');
  const { status, stderr } = spawnSync(process.execPath, words.slice(1), { cwd: folder, encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return join(folder, 'dist/pages');
}

/** Follows imports, and files that are named by their place beside the file that names them. */
function reach(entries: readonly string[]): { reached: ReadonlySet<string>; imported: ReadonlySet<string> } {
  const reached = new Set<string>();
  const imported = new Set<string>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    // Imports of types are gone when the program runs.
    const text = readFileSync(join(PROJECT_FOLDER, file), 'utf8').replaceAll(/^import type[^;]*;/gm, '');
    for (const [, from, loaded, placed] of text.matchAll(IMPORTS)) {
      const target = from ?? loaded ?? placed ?? '';
      if (target.startsWith('.'))
        waiting.push(relative(PROJECT_FOLDER, resolve(PROJECT_FOLDER, dirname(file), target)));
      else if (!isBuiltin(target)) imported.add(/^(?:@[^/]+\/)?[^/]+/.exec(target)?.[0] ?? target);
    }
  }
  return { reached, imported };
}
