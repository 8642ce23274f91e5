import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import type { EventBus } from '../event-bus.ts';
import { silentLog } from '../telemetry.ts';
import { requireRedis, startRedis, type TestRedis } from '../testing/redis.ts';
import { openRedis } from './redis-connection.ts';
import { openRedisEventBus } from './redis-event-bus.ts';

const tool = requireRedis();

describe.skipIf(!tool.available)(`events over Redis${tool.available ? '' : `: ${tool.reason}`}`, () => {
  let server: TestRedis;
  const opened: (() => Promise<void>)[] = [];
  beforeAll(async () => {
    server = await startRedis();
  });
  afterEach(async () => {
    for (const close of opened.splice(0)) await close();
  });
  afterAll(() => server.stop());

  const open = async (database = 0): Promise<{ bus: EventBus; heard: string[] }> => {
    const address = { url: server.url.replace(/0$/, String(database)), passwordFile: '' };
    const redis = await openRedis(address, systemClock, silentLog);
    const bus = openRedisEventBus(redis);
    const heard: string[] = [];
    bus.subscribe((event) =>
      heard.push(
        event.type === 'referral' ? event.referralId : event.type === 'exam' ? event.examId : event.type,
      ),
    );
    opened.push(() => redis.close());
    return { bus, heard };
  };
  /** Publishes until it is heard: what is told while a link is being made anew is lost, as it may be. */
  const untilHeard = async (from: EventBus, heard: readonly string[], examId: string): Promise<void> => {
    await expect
      .poll(
        () => {
          from.publish({ type: 'exam', examId });
          return heard;
        },
        { interval: 100, timeout: 10_000 },
      )
      .toContain(examId);
  };

  it('are heard once by this process and by every other one', async () => {
    const [web, worker] = [await open(), await open()];
    worker.bus.publish({ type: 'exam', examId: 'e-1' });
    expect(worker.heard).toEqual(['e-1']);
    worker.bus.publish({ type: 'referral', referralId: 'r-1' });
    await expect.poll(() => web.heard).toEqual(['e-1', 'r-1']);
    expect(worker.heard).toEqual(['e-1', 'r-1']);
  });

  it('stay in their database of the server', async () => {
    const [ours, others, third] = [await open(0), await open(1), await open(0)];
    ours.bus.publish({ type: 'exam', examId: 'e-1' });
    await expect.poll(() => third.heard).toEqual(['e-1']);
    expect(others.heard).toEqual([]);
  });

  it('that are not ours are passed over', async () => {
    const { bus, heard } = await open();
    const other = await open();
    for (const text of ['no JSON', '{}', '{"from":"x","event":{"type":"exam"}}', 'null']) {
      await server.command('PUBLISH', 'osteotriage:0:events', text);
    }
    other.bus.publish({ type: 'exam', examId: 'e-1' });
    await expect.poll(() => heard).toEqual(['e-1']);
    bus.publish({ type: 'exam', examId: 'e-2' });
    expect(heard).toEqual(['e-1', 'e-2']);
  });

  it('go on after the server was restarted, and stay in this process while it is gone', async () => {
    const [web, worker] = [await open(), await open()];
    await server.kill();
    worker.bus.publish({ type: 'exam', examId: 'e-1' });
    expect(worker.heard).toEqual(['e-1']);
    await server.restart({ loseData: true });
    await untilHeard(worker.bus, web.heard, 'e-2');
    expect(web.heard).not.toContain('e-1');
  });
});
