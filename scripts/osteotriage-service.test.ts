import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SETTINGS } from '../src/config.ts';
import { PROJECT_FOLDER } from '../src/project-folder.ts';
import { requireTool } from '../src/testing/services.ts';

const UNIT = readFileSync(join(PROJECT_FOLDER, 'scripts', 'osteotriage.service'), 'utf8');
const analyze = requireTool('systemd-analyze');

/** Every value of a key, in order. */
function valuesOf(key: string): readonly string[] {
  return UNIT.split('\n')
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1));
}

describe('the systemd unit', () => {
  it('starts what "npm start" starts, with files that exist and settings that are known', () => {
    const [program, ...words] = valuesOf('ExecStart')[0]!.split(' ');
    const { scripts } = JSON.parse(readFileSync(join(PROJECT_FOLDER, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(['node', ...words].join(' ')).toBe(scripts['start']);
    expect(existsSync(program!.replace(valuesOf('WorkingDirectory')[0]!, PROJECT_FOLDER))).toBe(true);
    const known = Object.values(SETTINGS).map(({ variable }): string => variable);
    for (const setting of valuesOf('Environment')) expect(known).toContain(setting.split('=')[0]);
  });

  it('gives the service no privilege and its data folder only', () => {
    for (const [key, value] of [
      ['NoNewPrivileges', 'yes'],
      ['ProtectSystem', 'strict'],
      ['ReadWritePaths', '/var/lib/osteotriage'],
      ['CapabilityBoundingSet', ''],
      ['Restart', 'on-failure'],
      ['KillMode', 'mixed'],
    ]) {
      expect(valuesOf(key!)).toEqual([value]);
    }
    expect(valuesOf('User')).not.toContain('root');
    // The service cuts what does not end within 9 s (lifecycle), so systemd need not kill it.
    expect(Number.parseInt(valuesOf('TimeoutStopSec')[0]!, 10)).toBeGreaterThan(10);
  });

  it.skipIf(!analyze.available)(
    `is found right, and hardly exposed, by systemd-analyze${analyze.available ? '' : ` (skipped: ${analyze.reason})`}`,
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'osteotriage-unit-'));
      const path = join(folder, 'osteotriage.service');
      // The program lies elsewhere here; everything else is checked as it is.
      writeFileSync(path, UNIT.replaceAll(valuesOf('WorkingDirectory')[0]!, PROJECT_FOLDER));
      const run = (...words: string[]) =>
        spawnSync(analyze.available ? analyze.path : '', [...words, path], { encoding: 'utf8' });
      const verified = run('verify', '--man=no');
      expect(verified.stderr).toBe('');
      expect(verified.status).toBe(0);
      // Of 100, where 0 is a service that can do nothing and an unhardened one has 96.
      expect(run('security', '--offline=true', '--threshold=20', '--no-pager').status).toBe(0);
      rmSync(folder, { recursive: true });
    },
  );
});
