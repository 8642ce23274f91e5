import { describe, expect, it } from 'vitest';
import { checkNewPassword, makeOneTimePassword, Passwords } from './passwords.ts';

const cheap = new Passwords({ log2N: 10, blockSize: 8, parallelization: 1 });

describe('a password', () => {
  it('is right or wrong, and its hash holds parameters and a salt of its own but not the password', async () => {
    const [one, two] = [await cheap.hash('korrekt häst'), await cheap.hash('korrekt häst')];
    expect(one).toMatch(/^scrypt\$10\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(one).not.toBe(two);
    expect(await cheap.verify('korrekt häst', one)).toBe(true);
    expect(await cheap.verify('korrekt hast', one)).toBe(false);
    expect(await cheap.verify('', one)).toBe(false);
  });

  it('is the same however its letters were put together', async () => {
    const hash = await cheap.hash('ha\u0308st på gärde');
    expect(await cheap.verify('h\u00e4st på gärde', hash)).toBe(true);
  });

  it('costs each guess as much, also for a login that nobody has', async () => {
    const passwords = new Passwords();
    const stored = await passwords.hash('korrekt häst');
    expect(stored).toMatch(/^scrypt\$15\$8\$3\$/);
    // Time of the processor, which no neighbour on this machine adds to.
    const costOf = async (hash: string | null): Promise<number> => {
      const before = process.cpuUsage();
      expect(await passwords.verify('wrong', hash)).toBe(false);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    const [known, unknown] = [await costOf(stored), await costOf(null)];
    expect(Math.max(known, unknown) / Math.min(known, unknown)).toBeLessThan(2);
    expect(Math.min(known, unknown)).toBeGreaterThan(50_000);
  });

  it('is wrong where the record holds something that is no hash', async () => {
    for (const stored of ['', 'plain', 'scrypt$10$8$1$$', 'scrypt$10$8$1$a$']) {
      expect(await cheap.verify('plain', stored)).toBe(false);
    }
  });
});

describe('a one-time password', () => {
  it('is another each time, and has no letter that looks like another', () => {
    const made = Array.from({ length: 200 }, makeOneTimePassword);
    expect(new Set(made).size).toBe(200);
    for (const password of made) expect(password).toMatch(/^([a-hjkmnp-z2-9]{4}-){4}[a-hjkmnp-z2-9]{4}$/);
  });
});

describe('a new password', () => {
  it.each([
    ['too short', 'kort', /fewer than 12/],
    ['too long', 'lång!'.repeat(60), /more than 256/],
    ['a few characters again and again', 'abababababab', /repeats/],
    ['the login with something behind it', 'Kerstin-2026-11', /login/],
  ])('must not be %s', (_what, password, message) => {
    expect(() => checkNewPassword(password, 'kerstin')).toThrow(message);
  });

  it('may be a sentence', () => {
    expect(() => checkNewPassword('fyra blå stolar', 'kerstin')).not.toThrow();
  });
});
