import { describe, expect, it } from 'vitest';
import type { Clock } from '../clock.ts';
import { type EventReader, EventStreams } from './worklist-events.ts';
import type { WorklistEvent } from './worklist-views.ts';

class ScriptedSink {
  text = '';
  ended = false;
  writableLength = 0;
  write(text: string): boolean {
    this.text += text;
    return true;
  }
  end(): void {
    this.ended = true;
  }
}

const EVERYBODY: EventReader = { siteIds: null, isStillIn: () => Promise.resolve(true) };
const ofSites = (...siteIds: readonly string[]): EventReader => ({ ...EVERYBODY, siteIds });

/** A clock whose waits fire only when the test says so. */
function handClock() {
  const waiting = new Set<{ waitMs: number; callback: () => void }>();
  const clock: Clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    sleep: () => Promise.resolve(),
    schedule(waitMs, callback) {
      const entry = { waitMs, callback };
      waiting.add(entry);
      return () => waiting.delete(entry);
    },
  };
  const fire = (): void => {
    for (const entry of [...waiting]) {
      waiting.delete(entry);
      entry.callback();
    }
  };
  return { clock, waiting, fire };
}

function openStreams(streamsMax = 3) {
  const listeners = new Set<(event: WorklistEvent) => void>();
  const hand = handClock();
  const streams = new EventStreams({
    clock: hand.clock,
    streamsMax,
    sitesOfFilm: (examId) =>
      examId === 'lost' ? Promise.reject(new Error('away')) : Promise.resolve(['hospital', `of-${examId}`]),
    events: {
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  });
  const tell = (event: WorklistEvent): void => listeners.forEach((listener) => listener(event));
  return { ...hand, streams, tell, listeners };
}

describe('the event streams', () => {
  it('tell every page of an event, and number none', () => {
    const { streams, tell } = openStreams();
    const [first, second] = [new ScriptedSink(), new ScriptedSink()];
    streams.open(first, EVERYBODY);
    streams.open(second, EVERYBODY);
    tell({ type: 'exam', examId: 'e1' });
    tell({ type: 'referral', referralId: 'r1' });
    expect(first.text).toBe(
      'retry: 2000\n\nevent: exam\ndata: {"examId":"e1"}\n\n' +
        'event: referral\ndata: {"referralId":"r1"}\n\n',
    );
    expect(second.text).toBe(first.text);
  });

  it('tell whoever is held to sites of the films of those sites alone', async () => {
    const { streams, tell } = openStreams();
    const [one, both, none] = [new ScriptedSink(), new ScriptedSink(), new ScriptedSink()];
    streams.open(one, ofSites('of-e1'));
    streams.open(both, ofSites('other', 'hospital'));
    streams.open(none, ofSites());
    tell({ type: 'exam', examId: 'e1' });
    tell({ type: 'referral', referralId: 'r1' });
    tell({ type: 'exam', examId: 'e2' });
    await expect.poll(() => both.text).toContain('e2');
    expect(one.text).toBe('retry: 2000\n\nevent: exam\ndata: {"examId":"e1"}\n\n');
    expect(both.text).not.toContain('r1');
    expect(none.text).toBe('retry: 2000\n\n');
  });

  it('cut off those who are held to sites where the sites of a film cannot be found out', async () => {
    const { streams, tell } = openStreams();
    const [held, free] = [new ScriptedSink(), new ScriptedSink()];
    streams.open(held, ofSites('hospital'));
    streams.open(free, EVERYBODY);
    tell({ type: 'exam', examId: 'lost' });
    await expect.poll(() => held.ended).toBe(true);
    expect(held.text).toBe('retry: 2000\n\n');
    expect(free).toMatchObject({ ended: false, text: expect.stringContaining('lost') as unknown });
    expect(streams.size).toBe(1);
  });

  it('end for whoever is no longer signed in', async () => {
    const { streams, fire } = openStreams();
    const sink = new ScriptedSink();
    streams.open(sink, { ...EVERYBODY, isStillIn: () => Promise.resolve(false) });
    fire();
    await expect.poll(() => sink.ended).toBe(true);
    expect(streams.size).toBe(0);
  });

  it('send a heartbeat every 15 s, again and again', () => {
    const { streams, waiting, fire } = openStreams();
    const sink = new ScriptedSink();
    streams.open(sink, EVERYBODY);
    expect([...waiting].map((entry) => entry.waitMs)).toEqual([15_000]);
    fire();
    fire();
    expect(sink.text.match(/: still here\n\n/g)).toHaveLength(2);
  });

  it('refuse one page more than the limit, and take it when another has left', () => {
    const { streams } = openStreams(1);
    const leave = streams.open(new ScriptedSink(), EVERYBODY);
    expect(() => streams.requireRoom()).toThrow(/1 pages listen already/);
    leave();
    streams.open(new ScriptedSink(), EVERYBODY);
    expect(streams.size).toBe(1);
  });

  it('cut off a page that does not read what it is sent', () => {
    const { streams, tell } = openStreams();
    const slow = new ScriptedSink();
    streams.open(slow, EVERYBODY);
    slow.writableLength = 100_000;
    tell({ type: 'exam', examId: 'e1' });
    expect(slow.ended).toBe(true);
    expect(streams.size).toBe(0);
  });

  it('leave nothing behind when they are closed', () => {
    const { streams, waiting, listeners } = openStreams();
    const sink = new ScriptedSink();
    streams.open(sink, EVERYBODY);
    streams.close();
    streams.close();
    expect(sink.ended).toBe(true);
    expect(waiting.size).toBe(0);
    expect(listeners.size).toBe(0);
    expect(() => streams.open(new ScriptedSink(), EVERYBODY)).toThrow(/stopping/);
  });
});
