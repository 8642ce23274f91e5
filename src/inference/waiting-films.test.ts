import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JOB_PRIORITIES, rankMs } from '../exam/priority.ts';
import { type PendingFilm, WaitingFilms } from './waiting-films.ts';

const HOUR_MS = 3_600_000;

function pending(key: number, rank: number, arrivedMs = 0): PendingFilm {
  const request = { id: `${key}`, path: '', source: 'dicom' as const, options: {}, scratchFolder: null };
  const deaf = { resolve: () => undefined, reject: () => undefined };
  return { key, request, rankMs: rank, arrivedMs, batchKey: 'panoramic', returns: 0, ...deaf };
}

const limitsOf = () => ({ itemsMax: 1, waitMsMax: 0 });
const takeAll = (films: WaitingFilms): number[] => {
  const keys: number[] = [];
  for (let next = films.take(true, 0, limitsOf); next.films.length > 0; next = films.take(true, 0, limitsOf))
    keys.push(...next.films.map(({ key }) => key));
  return keys;
};

describe('the films that wait in the pool', () => {
  it('go by rank, and in the order of their arrival where that is the same', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 30 }), (ranks) => {
        const films = new WaitingFilms();
        ranks.forEach((rank, key) => films.add(pending(key, rank)));
        const order = ranks
          .map((rank, key) => ({ rank, key }))
          .sort((a, b) => a.rank - b.rank || a.key - b.key);
        expect(takeAll(films)).toEqual(order.map(({ key }) => key));
      }),
    );
  });

  it('let the urgent overtake the routine', () => {
    const films = new WaitingFilms();
    films.add(pending(1, rankMs('routine', 0)));
    films.add(pending(2, rankMs('urgent', 60_000)));
    expect(takeAll(films)).toEqual([2, 1]);
  });

  it('stand where they stood when they come back from a worker that died', () => {
    const films = new WaitingFilms();
    for (const key of [1, 2, 3]) films.add(pending(key, 0));
    const [first] = films.take(true, 0, limitsOf).films;
    films.add(first!);
    expect(takeAll(films)).toEqual([1, 2, 3]);
  });

  it('send a worker that has a batch only full ones ahead', () => {
    const films = new WaitingFilms();
    const three = () => ({ itemsMax: 3, waitMsMax: 10 });
    films.add(pending(1, 0));
    films.add(pending(2, 0));
    expect(films.take(false, 1000, three)).toMatchObject({ films: [], waitMs: Infinity });
    films.add(pending(3, 0));
    expect(films.take(false, 0, three).films).toHaveLength(3);
  });
});

describe('priorities over days', () => {
  /** One film an hour can be read; an urgent one arrives every hour for three days. */
  function readAt(priority: (typeof JOB_PRIORITIES)[number]): number {
    const films = new WaitingFilms();
    films.add(pending(-1, rankMs(priority, 0)));
    for (let hour = 0; hour < 72; hour += 1) {
      films.add(pending(hour, rankMs('urgent', hour * HOUR_MS)));
      const [read] = films.take(true, 0, limitsOf).films;
      if (read?.key === -1) return hour;
    }
    return Infinity;
  }

  it('make the urgent wait for none, and let a backfill through after a day of nothing but urgent films', () => {
    expect(JOB_PRIORITIES.map(readAt)).toEqual([0, 1, 24]);
  });
});
