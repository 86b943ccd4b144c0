// The made-up month of the demo: the same each time, within the month, marked, and decided by the policy that it is shown with.
import { describe, expect, test } from 'vitest';
import { sample, sampleMonth } from '../../scripts/demo/history/month.ts';
import { progressOf } from '../../src/admin/progress.ts';
import { createRing } from '../../src/audit/ring.ts';
import { summarise } from '../../src/audit/summary.ts';
import { covers } from '../../src/core/package-name.ts';
import { keeping } from '../audit/contract.ts';
import { historyConfiguration } from './month.ts';
import { day, noon } from './room.ts';

const configuration = historyConfiguration();
const month = configuration.then((policy) => sampleMonth(policy, noon));

describe('the made-up month', () => {
  test('is the same each time', async () => {
    expect(sampleMonth(await configuration, noon)).toEqual(await month);
  });

  test('says of each record that it is made up, and has ids of its own', async () => {
    const entries = await month;
    expect(entries.filter((entry) => entry.sample !== sample)).toEqual([]);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    expect(entries.length).toBeGreaterThan(400);
  });

  test('lies within thirty days and ends now, in order', async () => {
    const times = (await month).map(({ time }) => Date.parse(time));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(noon - 30 * day);
    expect(times.at(-1)).toBeLessThanOrEqual(noon);
  });

  test('publishes by publishers of the policy what they may publish', async () => {
    const { publishers } = await configuration;
    for (const { publishers: [name] = [], registry = '', package: what = '', outcome } of await month) {
      if (outcome !== 'uploaded') continue;
      const entries = publishers.find((publisher) => publisher.name === name)?.publish.get(registry) ?? [];
      expect(
        entries.some((entry) => covers(entry, what as never)),
        `${name} ${what}`,
      ).toBe(true);
    }
  });

  test('has something for every page: outcomes, refusals of several kinds, packages in every state', async () => {
    const entries = await month;
    for (const outcome of [
      'minted',
      'forwarding',
      'uploaded',
      'changed',
      'refused',
      'long-lived',
      'upstream-unknown',
      'reloaded',
      'reload-failed',
      'started',
    ])
      expect(entries.map((entry) => entry.outcome)).toContain(outcome);
    expect(new Set(entries.flatMap(({ code }) => code ?? [])).size).toBeGreaterThan(6);
    const audit = createRing({ ...keeping, maxEvents: 10_000 }, () => noon);
    for (const entry of entries) audit.add(entry);
    const { packages, days } = await summarise(audit, { days: 30, limit: 100 }, noon);
    expect(new Set(progressOf(await configuration, packages).map(({ state }) => state)).size).toBe(5);
    expect(days.filter(({ outcomes }) => (outcomes['uploaded'] ?? 0) > 0).length).toBeGreaterThan(20);
  });
});
