// `check --sarif`: what SARIF 2.1.0 demands of a log (OASIS, sections 3.13 to 3.30), and what code scanning needs beside.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { rules } from '../../src/config/rules.ts';
import { tempDir } from '../support/temp.ts';
import { countersign, policy, policyEnv as env } from './fake-terminal.ts';

const message = z.strictObject({ text: z.string().min(1) });
const relativeUri = z.string().regex(/^(?!\/)(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-F]{2})+$/);
const position = z.int().min(1);
const log = z.strictObject({
  $schema: z.url(),
  version: z.literal('2.1.0'),
  runs: z
    .array(
      z.strictObject({
        tool: z.strictObject({
          driver: z.strictObject({
            name: z.string().min(1),
            version: z.string().min(1),
            rules: z.array(
              z.strictObject({
                id: z.string().min(1),
                shortDescription: message,
                help: message,
                defaultConfiguration: z.strictObject({ level: z.enum(['none', 'note', 'warning', 'error']) }),
              }),
            ),
          }),
        }),
        columnKind: z.enum(['utf16CodeUnits', 'unicodeCodePoints']),
        originalUriBaseIds: z.record(z.string(), z.strictObject({ uri: z.url().endsWith('/') })),
        results: z.array(
          z.strictObject({
            ruleId: z.string().min(1),
            ruleIndex: z.int().min(0),
            level: z.enum(['none', 'note', 'warning', 'error']),
            message,
            locations: z
              .array(
                z.strictObject({
                  physicalLocation: z.strictObject({
                    artifactLocation: z.union([
                      z.strictObject({ uri: relativeUri, uriBaseId: z.string() }),
                      z.strictObject({ uri: z.url({ protocol: /^file$/ }) }),
                    ]),
                    region: z.strictObject({ startLine: position, startColumn: position, endColumn: position }),
                  }),
                }),
              )
              .length(1),
            partialFingerprints: z.record(z.string(), z.string().min(1)),
          }),
        ),
      }),
    )
    .length(1),
});

type Log = z.infer<typeof log>;

async function sarif(folder: string, config: string): Promise<{ code: number; run: Log['runs'][number]; out: string }> {
  const { code, out } = await countersign(['check', '--sarif', '--config', config], { env, cwd: folder });
  const run = log.parse(JSON.parse(out)).runs[0];
  if (run === undefined) throw new Error('no run');
  return { code, run, out };
}

describe('check --sarif', () => {
  test('is a valid log for a policy without a finding, with every rule', async () => {
    const folder = tempDir('sarif');
    writeFileSync(join(folder, 'countersign.yaml'), policy());
    const { code, run } = await sarif(folder, join(folder, 'countersign.yaml'));
    expect([code, run.results]).toEqual([0, []]);
    expect(run.tool.driver.rules.map(({ id }) => id)).toEqual(Object.keys(rules));
  });

  test('has each error and warning with its rule and its place, in the policy and in what it includes', async () => {
    const folder = tempDir('sarif');
    mkdirSync(join(folder, 'trust', 'my teams'), { recursive: true });
    const text = policy({ environment: 'any' }).replace('workflow: release.yml', 'worklow: release.yml');
    writeFileSync(join(folder, 'trust', 'countersign.yaml'), `include: ["my teams/a.yaml"]\n${text}`);
    writeFileSync(join(folder, 'trust', 'my teams', 'a.yaml'), 'publishers: []\nissuers: {}\n');
    const { code, run, out } = await sarif(folder, join(folder, 'trust', 'countersign.yaml'));
    expect(code).toBe(3);
    const found = run.results.map(({ ruleId, ruleIndex, level, locations: [location] }) => {
      expect(run.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
      const { artifactLocation, region } = location?.physicalLocation ?? {};
      return `${level} ${ruleId} ${artifactLocation?.uri} ${region?.startLine}:${region?.startColumn}-${region?.endColumn}`;
    });
    expect(found).toEqual(['error unknown-key trust/countersign.yaml 19:7-14', 'error unknown-key trust/my%20teams/a.yaml 2:1-8']);
    expect(run.originalUriBaseIds['ROOT']?.uri).toBe(`file://${folder}/`);
    expect(out).not.toContain(env['NPM_CREDENTIAL']);
  });

  test('names a file outside the working folder by its whole address', async () => {
    const folder = tempDir('sarif');
    writeFileSync(join(folder, 'countersign.yaml'), policy({ environment: 'any' }));
    const { run } = await sarif(tempDir('elsewhere'), join(folder, 'countersign.yaml'));
    const [result] = run.results;
    expect(result).toMatchObject({ level: 'warning', ruleId: 'any' });
    expect(fileURLToPath(result?.locations[0]?.physicalLocation.artifactLocation.uri ?? '')).toBe(join(folder, 'countersign.yaml'));
  });

  test('goes with neither --json nor --live', async () => {
    expect((await countersign(['check', '--sarif', '--json'])).code).toBe(2);
    expect((await countersign(['check', '--sarif', '--live'])).code).toBe(2);
  });
});
