// The alert rules and the dashboard under config/, and what is wrong with one of their expressions.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { auditOutcomes } from '../../src/audit/fields.ts';
import { refusalKinds } from '../../src/core/refusal.ts';
import { labels, metrics } from '../../src/metrics.ts';
import { parsePromql } from '../support/promql.ts';
import { ROOT } from '../support/components.ts';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly action: string };
}

export const alertsPath = join(ROOT, 'config', 'alerts.yaml');

export function alertRules(): AlertRule[] {
  const { groups } = parse(readFileSync(alertsPath, 'utf8')) as { groups: { rules: AlertRule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
}

export interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: string | { readonly query: string } }[] };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}

export function dashboard(): Dashboard {
  return JSON.parse(readFileSync(join(ROOT, 'config', 'grafana.json'), 'utf8')) as Dashboard;
}

/** Every expression of the dashboard, as Prometheus gets it. */
export function dashboardExpressions(): string[] {
  const { panels, annotations } = dashboard();
  const all = [...panels.flatMap(({ targets = [] }) => targets), ...annotations.list].map(({ expr }) => expr);
  return all.map((expr) => expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(?:instance|registry)\b/g, '.*'));
}

/** Labels that Prometheus adds itself. */
const added = ['instance', 'job', 'le'];

/** What of the expression does not exist, or makes no sense: a counter without a rate, a bucket without its bound. */
export function expressionProblems(expr: string): string[] {
  const { selectors, grouped } = parsePromql(expr);
  const known = new Set<string>(added);
  const problems = selectors.flatMap(({ metric: name, matchers, within }) => {
    const metric = metrics.find((each) => each.name === name || (each.kind === 'histogram' && name === `${each.name}_bucket`));
    if (metric === undefined) return [`there is no metric ${name}`];
    for (const label of metric.labels) known.add(label);
    const grows = metric.kind !== 'gauge';
    return [
      ...(grows && !['rate', 'increase'].includes(within ?? '') ? [`${name} only grows: it needs rate or increase`] : []),
      ...(!grows && ['rate', 'increase'].includes(within ?? '') ? [`${name} is a gauge`] : []),
      ...matchers.filter(({ label }) => ![...added, ...metric.labels].includes(label)).map(({ label }) => `${name} has no label ${label}`),
      ...matchers.flatMap(({ label, values }) =>
        values.filter((value) => !isValue(label, value)).map((value) => `${label} is never ${value}`),
      ),
    ];
  });
  const unknown = grouped.filter((label) => !known.has(label)).map((label) => `grouped by ${label}, which none of them has`);
  return [...(selectors.length === 0 ? ['it names no metric'] : []), ...problems, ...unknown];
}

/** Whether a label whose values are in a table can have this one. */
export function isValue(label: string, value: string): boolean {
  if (value.includes('$') || value === '.*') return true;
  if (label === 'code') return value === '-' || Object.hasOwn(refusalKinds, value);
  if (label === 'outcome') return Object.hasOwn(auditOutcomes, value) || value === 'success' || value === 'failure';
  const known = Object.entries(labels).find(([name]) => name === label)?.[1];
  return known === undefined || !('values' in known) || (known.values as readonly string[]).includes(value);
}
