import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { TriageError } from '../errors.ts';

/** What a download brought; undefined where the copy that is here is still what is there. */
export type Download = { readonly bytes: number; readonly version: string } | undefined;

/** What a cache works with. */
export interface DownloadCacheParts {
  readonly folder: string;
  /** Copies that nobody uses go above it, those first that were not used for the longest time. */
  readonly bytesMax: number;
  /** A copy that nobody used for so long goes: a film that was removed elsewhere must not stay here. */
  readonly idleMsMax: number;
  readonly clock: Clock;
  /** Writes the object into the file unless it is of that version still. */
  readonly download: (key: string, path: string, version: string | undefined) => Promise<Download>;
}

interface Copy {
  readonly bytes: number;
  readonly version: string;
  readonly usedAtMs: number;
}

/**
 * Copies of objects that are kept elsewhere. Each use asks whether the copy is still what is there; users of one
 * object share the question and the download.
 */
export class DownloadCache {
  readonly #parts: DownloadCacheParts;
  /** In the order of their last use. */
  readonly #copies = new Map<string, Copy>();
  readonly #downloads = new Map<string, Promise<void>>();
  readonly #users = new Map<string, number>();
  #bytes = 0;
  #cancelSweep: (() => void) | undefined;

  constructor(parts: DownloadCacheParts) {
    this.#parts = parts;
  }

  /** Lends a copy for as long as the use lasts. */
  async borrow<Result>(key: string, use: (path: string) => Promise<Result>): Promise<Result> {
    this.#users.set(key, (this.#users.get(key) ?? 0) + 1);
    try {
      let download = this.#downloads.get(key);
      if (download === undefined) {
        download = this.#download(key).finally(() => this.#downloads.delete(key));
        this.#downloads.set(key, download);
      }
      await download;
      return await use(this.#pathOf(key));
    } finally {
      const users = (this.#users.get(key) ?? 1) - 1;
      if (users > 0) this.#users.set(key, users);
      else this.#users.delete(key);
      this.#evict();
    }
  }

  /** Removes a copy. */
  forget(key: string): void {
    this.#bytes -= this.#copies.get(key)?.bytes ?? 0;
    this.#copies.delete(key);
    // At once, so that it never meets the file of the next download.
    rmSync(this.#pathOf(key), { force: true });
  }

  /** Ends what it does by itself. */
  close(): void {
    this.#cancelSweep?.();
  }

  async #download(key: string): Promise<void> {
    const { folder, clock, download } = this.#parts;
    const partPath = join(folder, `${randomUUID()}.part`);
    try {
      const known = this.#copies.get(key);
      const found = await download(key, partPath, known?.version);
      // Whoever has the earlier file open reads on in it.
      if (found !== undefined) await rename(partPath, this.#pathOf(key));
      const copy = found ?? known;
      if (copy === undefined) return;
      this.#bytes += copy.bytes - (this.#copies.get(key)?.bytes ?? 0);
      this.#copies.delete(key);
      this.#copies.set(key, { ...copy, usedAtMs: clock.monotonicMs() });
      this.#cancelSweep ??= clock.schedule(this.#parts.idleMsMax, () => this.#sweep());
    } catch (thrown) {
      // What was removed there is not kept here.
      if (thrown instanceof TriageError && thrown.code === 'not-found') this.forget(key);
      await rm(partPath, { force: true });
      throw thrown;
    }
  }

  #evict(): void {
    for (const key of this.#copies.keys()) {
      if (this.#bytes <= this.#parts.bytesMax) return;
      if (!this.#users.has(key)) this.forget(key);
    }
  }

  #sweep(): void {
    const { clock, idleMsMax } = this.#parts;
    const nowMs = clock.monotonicMs();
    this.#cancelSweep = clock.schedule(idleMsMax, () => this.#sweep());
    for (const [key, { usedAtMs }] of this.#copies) {
      if (nowMs - usedAtMs >= idleMsMax && !this.#users.has(key)) this.forget(key);
    }
  }

  #pathOf(key: string): string {
    return join(this.#parts.folder, key.replaceAll('/', '-'));
  }
}
