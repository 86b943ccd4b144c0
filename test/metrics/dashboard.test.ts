// config/grafana.json: every panel asks for what there is, in a unit that fits, and stands where no other does.
import { describe, expect, test } from 'vitest';
import { parsePromql } from '../support/promql.ts';
import { dashboard, dashboardExpressions, expressionProblems, type Panel } from './watching.ts';

const { panels, templating } = dashboard();
const drawn = panels.filter(({ type }) => type !== 'row');

describe('the dashboard', () => {
  test('asks only for metrics, labels and values that exist', () => {
    expect(dashboardExpressions().flatMap((expr) => expressionProblems(expr).map((problem) => `${problem}: ${expr}`))).toEqual([]);
    expect(dashboardExpressions().length).toBeGreaterThan(40);
  });

  test.each(drawn)('$title says what it shows, of the replicas that were chosen, in a unit of what is measured', (panel) => {
    expect(panel.description).toMatch(/^[A-Z0-9].+\.$/);
    for (const { expr } of panel.targets ?? []) {
      expect(expr).toContain('instance=~"$instance"');
      const unit = panel.fieldConfig?.defaults.unit ?? '';
      expect(units(expr), expr).toContain(unit);
    }
  });

  test.each(drawn)('$title names its lines by labels that they have', ({ targets = [] }) => {
    for (const { expr, legendFormat } of targets) {
      const { grouped } = parsePromql(expr);
      const aggregated = /\b(?:sum|count|max|min)\b/.test(expr);
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(aggregated ? grouped : ['instance']).toContain(label);
    }
  });

  test('has no two panels in one place or of one id, and none beyond the edge', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
    const overlap = panels.flatMap((one, at) =>
      panels
        .slice(at + 1)
        .filter((other) => overlapping(one, other))
        .map(({ title }) => `${one.title} / ${title}`),
    );
    expect(overlap).toEqual([]);
  });

  test('has a variable for each that it uses, read from a metric', () => {
    const used = new Set(
      JSON.stringify(panels)
        .match(/\$(?!__)\{?\w+/g)
        ?.map((name) => name.replace(/\W/g, '')),
    );
    expect([...used].toSorted()).toEqual(templating.list.map(({ name }) => name).toSorted());
    const asked = templating.list.flatMap(({ query }) => (typeof query === 'string' ? [] : [query.query]));
    for (const query of asked) {
      const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(query) ?? [];
      expect(expressionProblems(`count by (${label}) (rate(${metric}[5m]))`).filter((problem) => !problem.endsWith('is a gauge'))).toEqual(
        [],
      );
    }
  });
});

function overlapping({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** Units of Grafana in which the result of the expression can be. */
function units(expr: string): string[] {
  const [name = ''] = parsePromql(expr).selectors.map(({ metric }) => metric);
  if (/\bincrease\(|\bcount\b|countersign_workers/.test(expr)) return ['short'];
  if (/[)}] \/ /.test(expr)) return ['percentunit'];
  if (/\bhistogram_quantile\(/.test(expr)) return name.includes('_seconds_') ? ['s'] : [];
  const rate = /\brate\(/.test(expr);
  if (rate && name.endsWith('_seconds_total')) return ['short'];
  if (rate) return name.endsWith('_bytes_total') ? ['Bps'] : ['reqps', 'ops'];
  return name.endsWith('_seconds') ? ['s'] : name.endsWith('_bytes') ? ['bytes'] : ['short'];
}
