import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto';
import { TriageError } from '../errors.ts';

/** What one guess costs: 32 MiB three times over (OWASP Password Storage Cheat Sheet, scrypt). */
export interface PasswordCost {
  /** Base 2 logarithm of N. */
  readonly log2N: number;
  readonly blockSize: number;
  readonly parallelization: number;
}

const COST: PasswordCost = { log2N: 15, blockSize: 8, parallelization: 3 };
const HASH_BYTES = 32;
const SALT_BYTES = 16;
const STORED = /^scrypt\$(\d{1,2})\$(\d{1,2})\$(\d{1,2})\$([\w-]+)\$([\w-]+)$/;
const LENGTH_MIN = 12;
const LENGTH_MAX = 256;
const DIFFERENT_MIN = 5;
/** Letters and digits that nobody takes for one another, typed from paper or read out on the telephone. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';
const GROUPS = 5;
const GROUP_LENGTH = 4;

/** Hashes passwords for the record and holds them against it. */
export class Passwords {
  readonly #cost: PasswordCost;

  constructor(cost: PasswordCost = COST) {
    this.#cost = cost;
  }

  /** The hash of a password: parameters and a salt of its own stand in it. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const hash = await derive(password, salt, this.#cost);
    const { log2N, blockSize, parallelization } = this.#cost;
    const parts = [log2N, blockSize, parallelization, salt.toString('base64url'), hash.toString('base64url')];
    return ['scrypt', ...parts].join('$');
  }

  /**
   * Whether a password is the one that was hashed. Without a hash, as for a login that nobody has, it takes as long
   * and is wrong.
   */
  async verify(password: string, stored: string | null): Promise<boolean> {
    const [, log2N, blockSize, parallelization, salt = '', hash = ''] = STORED.exec(stored ?? '') ?? [];
    if (log2N === undefined) {
      await derive(password, Buffer.alloc(SALT_BYTES), this.#cost);
      return false;
    }
    const cost = {
      log2N: Number(log2N),
      blockSize: Number(blockSize),
      parallelization: Number(parallelization),
    };
    const expected = Buffer.from(hash, 'base64url');
    const derived = await derive(password, Buffer.from(salt, 'base64url'), cost);
    return expected.length === derived.length && timingSafeEqual(expected, derived);
  }
}

/** A password for one sign-in: 20 characters, 99 bits. */
export function makeOneTimePassword(): string {
  const letter = (): string => ALPHABET.charAt(randomInt(ALPHABET.length));
  return Array.from({ length: GROUPS }, () => Array.from({ length: GROUP_LENGTH }, letter).join('')).join(
    '-',
  );
}

/** Throws request-invalid where a new password is easily guessed. */
export function checkNewPassword(password: string, login: string): void {
  const refuse = (message: string): never => {
    throw new TriageError('request-invalid', message);
  };
  if (password.length < LENGTH_MIN) refuse(`the new password has fewer than ${LENGTH_MIN} characters`);
  if (password.length > LENGTH_MAX) refuse(`the new password has more than ${LENGTH_MAX} characters`);
  if (new Set(password).size < DIFFERENT_MIN) refuse('the new password repeats the same few characters');
  if (password.toLowerCase().includes(login)) refuse('the new password has the login in it');
}

function derive(password: string, salt: Buffer, cost: PasswordCost): Promise<Buffer> {
  const { log2N, blockSize: r, parallelization: p } = cost;
  const N = 2 ** log2N;
  return new Promise((settle, fail) => {
    // Letters that can be written in two ways are the same letter (RFC 8265).
    scrypt(password.normalize('NFC'), salt, HASH_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error === null ? settle(key) : fail(error),
    );
  });
}
