import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PROJECT_FOLDER } from '../project-folder.ts';

/** The folder of what containers are made from. */
export const DOCKER_FOLDER = join(PROJECT_FOLDER, 'docker');

/** A service of a compose file, as far as tests look at it. */
export interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly network_mode?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly restart?: string;
  readonly init?: boolean;
  readonly read_only?: boolean;
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly deploy?: {
    readonly resources: { readonly limits: { readonly cpus: string; readonly memory: string } };
  };
}

/** A compose file. */
export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly secrets?: Readonly<Record<string, { readonly file: string }>>;
  readonly configs?: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes?: Readonly<Record<string, null>>;
}

/** Reads a compose file of the docker folder as Compose does: with merge keys, and $$ for $. */
export function readComposeFile(name: string): ComposeFile {
  const text = readFileSync(join(DOCKER_FOLDER, name), 'utf8');
  return parse(text, { merge: true }) as ComposeFile;
}

/** One instruction of a Dockerfile; its continued lines are joined. */
export interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions of a Dockerfile of the docker folder. */
export function readDockerfile(name: string): readonly Instruction[] {
  return readFileSync(join(DOCKER_FOLDER, name), 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [name = '', ...rest] = line.split(' ');
      return { name, text: rest.join(' ') };
    });
}

/** The instructions of the image that runs: those of the last stage. */
export function lastStageOf(instructions: readonly Instruction[]): readonly Instruction[] {
  return instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
}

/** What the ENV instructions set. */
export function environmentOf(instructions: readonly Instruction[]): Readonly<Record<string, string>> {
  const pairs = instructions
    .filter(({ name }) => name === 'ENV')
    .flatMap(({ text }) => text.split(/\s+/))
    .map((pair) => pair.split('=') as [string, string]);
  return Object.fromEntries(pairs);
}

/** What COPY instructions take from the build's context, by the name of the source. */
export function contextSourcesOf(instructions: readonly Instruction[]): readonly string[] {
  return instructions
    .filter(({ name, text }) => name === 'COPY' && !text.startsWith('--from'))
    .flatMap(({ text }) => text.split(' ').slice(0, -1));
}

/** The files that a build sees, relative to the project: what .dockerignore leaves of it. */
export function listContextFiles(): readonly string[] {
  const rules = readFileSync(join(PROJECT_FOLDER, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ isKept: line.startsWith('!'), pattern: patternOf(line.replace('!', '')) }));
  const isSeen = (file: string): boolean =>
    rules.findLast(({ pattern }) => pattern.test(file))?.isKept ?? true;
  const top = readdirSync(PROJECT_FOLDER, { withFileTypes: true });
  return top
    .filter(({ name }) => !['node_modules', '.git'].includes(name))
    .flatMap((entry) =>
      entry.isFile()
        ? [entry.name]
        : readdirSync(join(PROJECT_FOLDER, entry.name), { recursive: true, withFileTypes: true })
            .filter((each) => each.isFile())
            .map((each) => join(each.parentPath, each.name).slice(PROJECT_FOLDER.length + 1)),
    )
    .filter(isSeen);
}

/** A line of .dockerignore names a path with everything below it; `*` stands within a name, `**` for any folders. */
function patternOf(line: string): RegExp {
  const source = line
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll('**/', '(?:.*/)?')
    .replaceAll(/(?<!\.)\*/g, '[^/]*');
  return new RegExp(`^${source}(?:/.*)?$`);
}
