// config/alerts.yaml: every rule looks at what there is. That they fire when they should is for Prometheus to say (prometheus.slow.test.ts).
import { describe, expect, test } from 'vitest';
import { parsePromql } from '../support/promql.ts';
import { cases } from './alert-cases.ts';
import { alertRules, expressionProblems } from './watching.ts';

const rules = alertRules();

describe('an alert rule', () => {
  test.each(rules)('$alert names only metrics, labels and values that exist', ({ expr }) => {
    expect(expressionProblems(expr)).toEqual([]);
  });

  test.each(rules)('$alert says in printable sentences what happened, what it means and what to do', (rule) => {
    expect(rule.alert).toMatch(/^Countersign[A-Z][A-Za-z]+$/);
    expect(['critical', 'warning', 'info']).toContain(rule.labels.severity);
    expect(Object.keys(rule.annotations)).toEqual(['summary', 'description', 'action']);
    for (const text of Object.values(rule.annotations)) expect(text).toMatch(/^[\x20-\x7e]{20,500}$/);
    expect(rule.annotations.summary).not.toMatch(/\.$/);
    for (const text of [rule.annotations.description, rule.annotations.action]) expect(text).toMatch(/[.]$/);
    expect(rule.for ?? '1m').toMatch(/^[1-9][0-9]*[mh]$/);
  });

  test.each(rules)('$alert shows only labels that its result has', ({ expr, annotations }) => {
    const shown = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label);
    const { selectors, grouped } = parsePromql(expr);
    const aggregated = /\b(?:sum|count|max|min|histogram_quantile)\b/.test(expr);
    const own = selectors.length === 1 || !aggregated ? ['instance', 'issuer'] : [];
    for (const label of shown) expect([...grouped, ...(aggregated ? [] : own)]).toContain(label);
  });

  test('is named once, and has a case in which it fires', () => {
    const names = rules.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    const fired = new Set(cases.flatMap(({ fires }) => fires.map(({ alertname }) => alertname)));
    expect(names.filter((name) => !fired.has(name))).toEqual([]);
  });
});

describe('the check itself', () => {
  test.each([
    ['countersign_store_upp == 0', ['there is no metric countersign_store_upp']],
    ['countersign_uploads_total{code="x"} > 0', ['countersign_uploads_total only grows: it needs rate or increase', 'code is never x']],
    ['rate(countersign_store_up[5m])', ['countersign_store_up is a gauge']],
    ['countersign_store_up{registry="npm"}', ['countersign_store_up has no label registry']],
    ['sum by (package) (rate(countersign_uploads_total[5m]))', ['grouped by package, which none of them has']],
    ['increase(countersign_long_lived_writes_total{verdict=~"refused|trusted_only"}[1h])', ['verdict is never trusted_only']],
    ['histogram_quantile(0.9, sum by (le) (rate(countersign_event_loop_lag_seconds_bucket[5m])))', []],
    ['vector(1)', ['it names no metric']],
  ])('finds what is wrong with %s', (expr, problems) => expect(expressionProblems(expr)).toEqual(problems));
});
