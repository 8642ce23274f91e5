import { spawn, spawnSync } from 'node:child_process';
import { mkdir, rm, statfs, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

/** A folder whose disk can be filled and slowed. */
export interface FaultDisk {
  readonly folder: string;
  /** What its faults really are, for the report. */
  readonly description: string;
  /** Leaves so many bytes free until `release`; false where this disk cannot do it. */
  fill(bytesLeft: number): Promise<boolean>;
  release(): Promise<void>;
  /** Makes every write and sync wait, in turns, for so long. */
  slow(seconds: number): Promise<void>;
  /** Takes it away; what is on it stays in an image file where that is asked for. */
  close(isKept: boolean): Promise<void>;
}

const IMAGE_BYTES = 40 * 2 ** 30;
const MARGIN_BYTES = 4 * 2 ** 20;
const PIECES_BYTES = [4 * 2 ** 30, 256 * 2 ** 20, 16 * 2 ** 20, 2 ** 20, 128 * 2 ** 10];

/**
 * An ext4 file system of its own in a sparse file, where this runs as root and may mount; else a plain folder,
 * whose disk is never filled and slowed only by syncs beside it.
 */
export async function openFaultDisk(work: string): Promise<FaultDisk> {
  const folder = join(work, 'disk');
  const image = join(work, 'disk.img');
  await mkdir(folder);
  if (process.getuid?.() !== 0) return plainDisk(folder);
  await writeFile(image, '');
  await truncate(image, IMAGE_BYTES);
  const made = spawnSync('mkfs.ext4', ['-q', '-F', '-m', '0', image]).status === 0;
  if (!made || spawnSync('mount', ['-o', 'loop', image, folder]).status !== 0) {
    await rm(image);
    return plainDisk(folder);
  }
  return new LoopDisk(folder, image);
}

/** Frozen with fsfreeze, its writers sleep in the kernel: nothing here may touch the folder meanwhile. */
class LoopDisk implements FaultDisk {
  readonly folder: string;
  readonly description =
    'an ext4 file system on a loop device; full: really full (ENOSPC); slow: fsfreeze, 0.3 to 1.5 s at a time';
  readonly #image: string;
  readonly #fillers: string[] = [];
  readonly #letGo = (): void => {
    spawnSync('fsfreeze', ['-u', this.folder]);
    spawnSync('umount', ['-l', this.folder]);
  };

  constructor(folder: string, image: string) {
    this.folder = folder;
    this.#image = image;
    // Whatever ends this program must not leave sleepers in the kernel behind.
    process.once('exit', this.#letGo);
  }

  async fill(bytesLeft: number): Promise<boolean> {
    // Reserved, not written; in ever smaller pieces, for a file system that is nearly full refuses a big one.
    for (const piece of PIECES_BYTES) {
      while ((await this.#free()) - bytesLeft > piece) {
        const filler = join(this.folder, `filler-${this.#fillers.length}`);
        this.#fillers.push(filler);
        if ((await run('fallocate', ['-l', String(piece), filler])) !== 0) break;
      }
    }
    return (await this.#free()) < bytesLeft + MARGIN_BYTES;
  }

  async release(): Promise<void> {
    for (const filler of this.#fillers.splice(0)) await rm(filler, { force: true });
  }

  async slow(seconds: number): Promise<void> {
    const endsAtMs = Date.now() + seconds * 1000;
    for (let turn = 0; Date.now() < endsAtMs; turn += 1) {
      await run('fsfreeze', ['-f', this.folder]);
      await delay(300 + ((turn * 400) % 1200));
      await run('fsfreeze', ['-u', this.folder]);
      await delay(100);
    }
  }

  async close(isKept: boolean): Promise<void> {
    for (let attempt = 0; attempt < 20 && (await run('umount', [this.folder])) !== 0; attempt += 1) {
      await delay(250);
    }
    process.off('exit', this.#letGo);
    if (!isKept) await rm(this.#image);
  }

  async #free(): Promise<number> {
    const { bavail, bsize } = await statfs(this.folder);
    return bavail * bsize;
  }
}

function plainDisk(folder: string): FaultDisk {
  return {
    folder,
    description:
      'a plain folder: never full, the watermark is raised instead; slow: 8 MiB synced beside it all the time',
    fill: () => Promise.resolve(false),
    release: () => Promise.resolve(),
    slow: async (seconds) => {
      const endsAtMs = Date.now() + seconds * 1000;
      const target = join(folder, 'beside');
      while (Date.now() < endsAtMs) {
        await run('dd', ['if=/dev/zero', `of=${target}`, 'bs=1M', 'count=8', 'conv=fsync', 'status=none']);
      }
      await rm(target, { force: true });
    },
    close: () => Promise.resolve(),
  };
}

function run(command: string, parameters: readonly string[]): Promise<number | null> {
  const child = spawn(command, parameters, { stdio: 'ignore' });
  return new Promise((settle) => {
    child.once('exit', (code) => settle(code));
    child.once('error', () => settle(null));
  });
}
