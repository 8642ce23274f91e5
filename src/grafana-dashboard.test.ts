import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { COUNTERS, GAUGES, HISTOGRAMS } from './meter.ts';
import { PROJECT_FOLDER } from './project-folder.ts';

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

const text = readFileSync(join(PROJECT_FOLDER, 'docker', 'grafana-dashboard.json'), 'utf8');
const { panels } = JSON.parse(text) as Dashboard;
const shown = new Set(
  panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => expr.match(/osteotriage_[a-z_]+/g) ?? [])),
);

describe('the Grafana dashboard', () => {
  it('asks for no metric that the service does not have', () => {
    const timings = Object.keys(HISTOGRAMS).flatMap((name) =>
      ['bucket', 'sum', 'count'].map((end) => `${name}_${end}`),
    );
    const known = new Set([...Object.keys(COUNTERS), ...Object.keys(GAUGES), ...timings]);
    expect([...shown].filter((name) => !known.has(name))).toEqual([]);
  });

  it('shows every metric that the service has', () => {
    const names = [...Object.keys(COUNTERS), ...Object.keys(GAUGES), ...Object.keys(HISTOGRAMS)];
    expect(names.filter((name) => ![...shown].some((each) => each.startsWith(name)))).toEqual([]);
  });

  it('asks only for labels that the metric has', () => {
    const rows: Readonly<Record<string, { readonly labels: readonly string[] }>> = {
      ...COUNTERS,
      ...GAUGES,
      ...HISTOGRAMS,
    };
    const wrong = panels.flatMap(({ title, targets }) =>
      targets.flatMap(({ expr }) =>
        [...expr.matchAll(/(osteotriage_[a-z_]+?)(?:_bucket|_sum|_count)?\{([a-z]+)=/g)]
          .filter(([, name, label]) => rows[name!]?.labels.includes(label!) !== true)
          .map(([found]) => `${title}: ${found}`),
      ),
    );
    expect(wrong).toEqual([]);
  });
});
