// docs/metrics.md has every metric, label and alert; `npx vitest run test/metrics/reference.test.ts -u` writes it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { labels, metrics, metricTables, type Label, type Metric } from '../../src/metrics.ts';
import { filledIn, pagePath, table } from '../cli/generated-docs.ts';
import { ROOT } from '../support/requirement.ts';
import { alertRules } from './watching.ts';

const code = (text: string): string => `\`${text}\``;
const codes = (list: readonly string[]): string => list.map(code).join(', ');

const together = { sum: '', min: ', the least of all workers', max: ', the most of all workers' } as const;

function metricSections(): string {
  const sections = Object.entries(metricTables).map(([heading, entries]) => {
    const rows = Object.values<Metric>(entries).map((metric): string[] => {
      const kind = metric.kind === 'gauge' ? `gauge${together[metric.across ?? 'sum']}` : metric.kind;
      return [code(metric.name), kind, codes(metric.labels), metric.says];
    });
    return `### ${heading}\n\n${table(['metric', 'kind', 'labels', 'what'], rows)}`;
  });
  return sections.join('\n\n');
}

function alertSections(): string {
  return alertRules()
    .map(({ alert, expr, for: time, labels: { severity }, annotations: { description, action } }) =>
      [
        `### ${alert}`,
        `*${severity}${time === undefined ? '' : `, after ${time}`}.* ${description}`,
        action,
        `\`\`\`promql\n${expr}\n\`\`\``,
      ].join('\n\n'),
    )
    .join('\n\n');
}

test('docs/metrics.md has every metric, every label and every alert', async () => {
  const rows = Object.entries(labels).map(([name, label]) => [code(name), label.says, 'values' in label ? codes(label.values) : '']);
  const page = filledIn('metrics.md', {
    labels: table(['label', 'says', 'values'], rows),
    metrics: metricSections(),
    alerts: alertSections(),
  });
  await expect(page).toMatchFileSnapshot(pagePath('metrics.md'));
});

describe('the tables', () => {
  test('name each metric once, as Prometheus would have it: a prefix, a unit, and `_total` for what only grows', () => {
    const names = metrics.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, kind, says } of metrics) {
      expect(name).toMatch(/^(?:countersign|process|nodejs)_[a-z0-9]+(?:_[a-z0-9]+)*$/);
      expect(name.endsWith('_total'), name).toBe(kind === 'counter');
      expect(name, 'a suffix that a histogram writes itself').not.toMatch(/_(?:bucket|sum|count)$/);
      expect(says).toMatch(/^[A-Z0-9][\x20-\x7e]+\.$/);
    }
  });

  test('have a use for every label', () => {
    const used = new Set(metrics.flatMap((metric) => metric.labels));
    expect((Object.keys(labels) as Label[]).filter((label) => !used.has(label))).toEqual([]);
  });

  test('sort the buckets of each histogram', () => {
    for (const { name, buckets = [] } of metrics)
      expect(
        [...buckets].toSorted((a, b) => a - b),
        name,
      ).toEqual(buckets);
  });

  test('are the only place in which a metric is named', () => {
    const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.ts') && file !== 'metrics.ts',
    );
    const naming = files.filter((file) =>
      /['"`](?:countersign|process|nodejs)_[a-z_]+/.test(readFileSync(join(ROOT, 'src', file), 'utf8')),
    );
    expect(naming).toEqual([]);
  });
});
