import { describe, expect, it } from 'vitest';
import { decidePriority, storePriorityOf, type Urgency } from './job-priority.ts';

const TODAY = Date.UTC(2026, 5, 15, 12);
const film: Urgency = {
  storePriority: 'medium',
  sitePriority: undefined,
  studyDate: '20260615',
  receivedAtMs: TODAY,
  backfillDaysMin: 30,
};

describe('how urgent a film is', () => {
  it('is routine where nobody says anything and the film is of these days', () => {
    expect(decidePriority(film)).toBe('routine');
    expect(decidePriority({ ...film, sitePriority: 'routine' })).toBe('routine');
  });

  it('is urgent where the sender or the site says so, also for an old film', () => {
    expect(decidePriority({ ...film, storePriority: 'high' })).toBe('urgent');
    expect(decidePriority({ ...film, sitePriority: 'urgent' })).toBe('urgent');
    expect(decidePriority({ ...film, storePriority: 'high', sitePriority: 'backfill' })).toBe('urgent');
    expect(decidePriority({ ...film, storePriority: 'high', studyDate: '19990101' })).toBe('urgent');
  });

  it('is a backfill where the sender or the site says so', () => {
    expect(decidePriority({ ...film, storePriority: 'low' })).toBe('backfill');
    expect(decidePriority({ ...film, sitePriority: 'backfill' })).toBe('backfill');
  });

  it('is a backfill from the day after the limit', () => {
    expect(decidePriority({ ...film, studyDate: '20260517' })).toBe('routine');
    expect(decidePriority({ ...film, studyDate: '20260515' })).toBe('backfill');
  });

  it.each([null, '', '2026', 'yesterday', '20270101'])('is routine for the study date %j', (studyDate) => {
    expect(decidePriority({ ...film, studyDate })).toBe('routine');
  });

  it('reads Priority by the standard and takes an unknown value for medium', () => {
    expect([0, 1, 2, undefined, 77].map(storePriorityOf)).toEqual([
      'medium',
      'high',
      'low',
      'medium',
      'medium',
    ]);
  });
});
