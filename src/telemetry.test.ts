import { describe, expect, it } from 'vitest';
import { TriageError } from './errors.ts';
import { openLog, REDACTED_KEYS } from './telemetry.ts';

function logged(fields: Readonly<Record<string, unknown>>): string {
  const lines: string[] = [];
  openLog('info', { write: (line) => lines.push(line) }).info(fields, 'something happened');
  return lines.join('');
}

describe('the log', () => {
  it.each(REDACTED_KEYS)('never writes %s, at the top or deeper', (key) => {
    for (const fields of [
      { [key]: 'Secret^Person' },
      { film: { [key]: 'Secret^Person' } },
      { a: { b: { [key]: 'Secret^Person' } } },
    ]) {
      const line = logged(fields);
      expect(line).toContain('something happened');
      expect(line).not.toContain('Secret');
    }
  });

  it('writes our own messages and only the kind of a foreign error, which can quote what it choked on', () => {
    expect(logged({ err: new TriageError('storage-full', 'the disk is full') })).toContain(
      'the disk is full',
    );
    const foreign = logged({ err: new SyntaxError('unexpected token in Secret^Person') });
    expect(foreign).toContain('SyntaxError');
    expect(foreign).not.toContain('Secret');
  });
});
