import { describe, expect, it } from 'vitest';
import type { AssociationEvent, AssociationState } from './association.ts';
import { transition } from './association.ts';
import { answerContexts, settleContexts } from './presentation-contexts.ts';
import { describeStatus, statusKind } from './status.ts';

function walk(...events: AssociationEvent[]): string[] {
  let state: AssociationState = 'Sta1-idle';
  return events.map((event) => {
    const { action, next } = transition(state, event);
    state = next;
    return `${action} ${next.split('-')[0] ?? ''}`;
  });
}

describe('the association state machine (PS3.8 Table 9-10)', () => {
  it('leads an acceptor from the connection to the release', () => {
    expect(
      walk(
        ...(['transport-indication', 'associate-rq', 'local-accept', 'p-data', 'local-data'] as const),
        ...(['release-rq', 'local-release-reply', 'transport-closed'] as const),
      ),
    ).toEqual([
      'AE-5 Sta2',
      'AE-6 Sta3',
      'AE-7 Sta6',
      'DT-2 Sta6',
      'DT-1 Sta6',
      'AR-2 Sta8',
      'AR-4 Sta13',
      'AR-5 Sta1',
    ]);
  });

  it('leads a requestor through a release that both sides asked for', () => {
    expect(
      walk(
        ...(['local-associate', 'transport-confirm', 'associate-ac', 'local-release'] as const),
        ...(['release-rq', 'local-release-reply', 'release-rp'] as const),
      ),
    ).toEqual(['AE-1 Sta4', 'AE-2 Sta5', 'AE-3 Sta6', 'AR-1 Sta7', 'AR-8 Sta9', 'AR-9 Sta11', 'AR-3 Sta1']);
  });

  it('aborts on a second proposal and then ignores what still comes', () => {
    expect(
      walk('transport-indication', 'associate-rq', 'local-accept', 'associate-rq', 'p-data', 'abort'),
    ).toEqual(['AE-5 Sta2', 'AE-6 Sta3', 'AE-7 Sta6', 'AA-8 Sta13', 'AA-6 Sta13', 'AA-2 Sta1']);
  });

  it('throws on what our own side must not do', () => {
    expect(() => transition('Sta2-awaiting-request', 'local-data')).toThrow('cannot happen');
    expect(() => transition('Sta13-awaiting-close', 'local-accept')).toThrow('cannot happen');
  });
});

describe('presentation contexts', () => {
  const syntaxesOf = (abstractSyntax: string) =>
    abstractSyntax === '1.1' ? new Set(['2.1', '2.2']) : undefined;

  it('takes the first transfer syntax of the proposer that is supported', () => {
    const proposed = [
      { contextId: 1, abstractSyntax: '1.1', transferSyntaxes: ['2.9', '2.2', '2.1'] },
      { contextId: 3, abstractSyntax: '1.9', transferSyntaxes: ['2.1'] },
      { contextId: 5, abstractSyntax: '1.1', transferSyntaxes: ['2.9'] },
    ];
    const answers = answerContexts(proposed, syntaxesOf);
    expect(answers).toEqual([
      { contextId: 1, result: 0, transferSyntax: '2.2' },
      { contextId: 3, result: 3, transferSyntax: '2.1' },
      { contextId: 5, result: 4, transferSyntax: '2.9' },
    ]);
    expect([...settleContexts(proposed, answers).values()]).toEqual([
      { contextId: 1, abstractSyntax: '1.1', transferSyntax: '2.2' },
    ]);
  });

  it('refuses answers nobody asked for', () => {
    const proposed = [{ contextId: 1, abstractSyntax: '1.1', transferSyntaxes: ['2.1'] }];
    expect(() => settleContexts(proposed, [{ contextId: 3, result: 0, transferSyntax: '2.1' }])).toThrow(
      'not proposed',
    );
    expect(() => settleContexts(proposed, [{ contextId: 1, result: 0, transferSyntax: '2.2' }])).toThrow(
      'not proposed',
    );
  });
});

describe('statuses', () => {
  it('tells success from warning and failure', () => {
    expect([0x0000, 0xb000, 0xb007, 0x0107, 0xa700, 0xc123, 0x0110, 0xff00, 0xfe00].map(statusKind)).toEqual([
      'success',
      ...(['warning', 'warning', 'warning'] as const),
      ...(['failure', 'failure', 'failure'] as const),
      'pending',
      'cancel',
    ]);
    expect(describeStatus(0xa700)).toBe('outOfResources (0xA700)');
    expect(describeStatus(0xc123)).toBe('failure (0xC123)');
  });
});
