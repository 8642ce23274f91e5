/** The chain of the audit trail: each row's hash covers the row and the hash before it. Pure. */
import { createHash } from 'node:crypto';
import type { AuditRow, ChainLink } from '../database/audit-chain-records.ts';
import { TriageError } from '../errors.ts';

/** What the first row is chained to. */
const BEGINNING = '0'.repeat(64);

/** The hash of a row at its place: SHA-256 over the hash before, a line feed, and its values as a JSON list. */
export function hashRow(row: AuditRow, number: number, hashBefore: string | null): string {
  const { auditId, atMs, actor, action, subject, personId, detail } = row;
  const values = JSON.stringify([number, auditId, atMs, actor, action, subject, personId, detail]);
  return createHash('sha256')
    .update(`${hashBefore ?? BEGINNING}\n${values}`)
    .digest('hex');
}

/** The places of rows that follow a head, in their order. */
export function chainRows(head: ChainLink | null, rows: readonly AuditRow[]): readonly ChainLink[] {
  let before = head;
  return rows.map((row) => {
    const number = (before?.number ?? 0) + 1;
    before = { number, hash: hashRow(row, number, before?.hash ?? null) };
    return before;
  });
}

/** A head as people write it down: number, colon, hash. */
export function headText({ number, hash }: ChainLink): string {
  return `${number}:${hash}`;
}

/** Reads a head that was written down. Throws request-invalid. */
export function parseHead(text: string): ChainLink {
  const [, number = '', hash = ''] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim().toLowerCase()) ?? [];
  if (hash === '') {
    throw new TriageError('request-invalid', 'a head is its number, a colon and 64 hexadecimal digits');
  }
  return { number: Number(number), hash };
}
