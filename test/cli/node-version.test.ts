// The guard against old Node, and package.json's `engines`, which it must equal.
import { readFileSync } from 'node:fs';
import { satisfies } from 'semver';
import { expect, test } from 'vitest';
import { nodeProblem } from '../../src/cli/node-version.ts';

const { engines } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { engines: { node: string } };

const versions = [
  '18.20.8',
  '20.19.0',
  '22.0.0',
  '22.22.1',
  '22.22.2',
  '22.23.0',
  '23.11.0',
  '24.0.0',
  '24.14.9',
  '24.15.0',
  '24.21.0',
  '25.9.0',
  '26.0.0',
  '27.1.0',
  '100.0.0',
];

test.each(versions)('Node %s runs Countersign exactly when `engines` says so', (version) => {
  expect(nodeProblem(version) === undefined).toBe(satisfies(version, engines.node));
});

test('the sentence names what is needed and what is there', () => {
  expect(nodeProblem('20.19.0')).toBe('Countersign needs Node 22.22.2 or newer, 24.15.0 or newer, or 26 and up; this is Node 20.19.0.');
});
