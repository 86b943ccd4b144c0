// How Countersign itself is built and published (SUP-): workflows, pins, the cool-down of updates, the changelog, the table in docs/.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import semver from 'semver';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from './support/requirement.ts';

const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly 'timeout-minutes'?: number;
  readonly needs?: string | readonly string[];
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<Record<string, { readonly tags?: readonly string[] } | null>>;
  readonly permissions: object;
  readonly jobs: Readonly<Record<string, Job>>;
}
const workflows = new Map(
  globSync('.github/workflows/*.yaml', { cwd: ROOT }).map((path) => [path.replace(/^.*\/|\.yaml$/g, ''), parse(text(path)) as Workflow]),
);
const workflow = (name: string): Workflow => {
  const found = workflows.get(name);
  if (found === undefined) throw new Error(`there is no workflow ${name}`);
  return found;
};
const manifest = JSON.parse(text('package.json')) as { version: string; dependencies: Record<string, string>; private?: boolean };

describe('the workflows', () => {
  test('there are two, and the files hold nothing else', () => {
    expect([...workflows.keys()].toSorted()).toEqual(['ci', 'release']);
  });

  describe.each([...workflows.keys()])('%s', (name) => {
    const { on, permissions, jobs } = workflow(name);
    const steps = Object.values(jobs).flatMap((job) => job.steps);

    test('SUP-07 is not started by what a stranger controls with rights that he has not', () => {
      for (const event of ['pull_request_target', 'workflow_run', 'issue_comment', 'issues']) expect(Object.keys(on)).not.toContain(event);
    });

    test('SUP-07 begins without any permission, and each job says its own', () => {
      expect(permissions).toEqual({});
      for (const [job, { permissions: own, 'timeout-minutes': timeout }] of Object.entries(jobs)) {
        expect(own, job).toBeDefined();
        expect(timeout, job).toBeGreaterThan(0);
      }
    });

    test('SUP-02 every action is pinned by the hash of a commit, with its version beside', () => {
      for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/^[\w-]+\/[\w./-]+@[0-9a-f]{40}$/);
      for (const line of text(`.github/workflows/${name}.yaml`).split('\n'))
        if (/\buses:/.test(line)) expect(line).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    });

    test('SUP-07 no checkout leaves its token behind, and nothing from outside becomes part of a script', () => {
      for (const step of steps) {
        if (step.uses?.startsWith('actions/checkout@')) expect(step.with).toMatchObject({ 'persist-credentials': false });
        expect(step.run ?? '').not.toContain('${{');
      }
    });
  });

  test('SUP-07 the release starts from a tag alone, has no cache and no stored secret, and publishes from an environment', () => {
    const { on, jobs } = workflow('release');
    expect(on).toEqual({ push: { tags: ['v*'] } });
    const file = text('.github/workflows/release.yaml');
    expect(file).not.toMatch(/\bsecrets\./);
    expect(file).not.toMatch(/actions\/cache|cache-from|cache-to|^\s+cache:/m);
    const able = Object.entries(jobs).filter(([, { permissions = {} }]) => Object.values(permissions).includes('write'));
    expect(able.map(([name]) => name).toSorted()).toEqual(['image', 'package', 'sign']);
    for (const [name, { environment, needs }] of able) expect([environment, needs], name).toEqual(['release', expect.anything()]);
    expect(jobs['test']?.permissions).toEqual({ contents: 'read' });
  });

  test('SUP-03 SUP-04 the job that publishes runs no install script, and publishes the bytes that were tested', () => {
    const scripts = workflow('release').jobs['package']?.steps.map(({ run: script = '' }) => script) ?? [];
    expect(scripts).toContain('npm ci --ignore-scripts');
    const check = scripts.findIndex((script) => script.includes('sha256sum --check --strict'));
    const publish = scripts.findIndex((script) => script.includes(' publish '));
    expect(check).toBeGreaterThan(0);
    expect(publish).toBeGreaterThan(check);
    expect(scripts[publish]).toContain('--provenance');
    const ci = Object.values(workflow('ci').jobs).flatMap((job) => job.steps.map((step) => step.run));
    expect(ci).toContain('npm audit signatures');
  });
});

describe('updates', () => {
  test('SUP-02 wait for days after they came out, and pin what they bring', () => {
    const renovate = JSON.parse(text('.github/renovate.json')) as {
      minimumReleaseAge: string;
      internalChecksFilter: string;
      packageRules: { matchManagers?: string[]; pinDigests?: boolean }[];
    };
    expect(Number(/^(\d+) days$/.exec(renovate.minimumReleaseAge)?.[1])).toBeGreaterThanOrEqual(3);
    expect(renovate.internalChecksFilter).toBe('strict');
    const pinned = renovate.packageRules.flatMap(({ matchManagers = [], pinDigests }) => (pinDigests === true ? matchManagers : []));
    expect(pinned).toEqual(expect.arrayContaining(['github-actions', 'dockerfile']));
  });

  test('SUP-03 at most ten direct dependencies beside those of tracing, in exact versions, none with an install script', () => {
    const versions = Object.values(manifest.dependencies);
    // Tracing's are loaded only where it is on, and the image is built without them.
    const always = Object.keys(manifest.dependencies).filter((name) => !name.startsWith('@opentelemetry/'));
    expect(always.length).toBeLessThanOrEqual(10);
    expect(versions.filter((version) => semver.valid(version) !== version)).toEqual([]);
    const { packages } = JSON.parse(text('package-lock.json')) as {
      packages: Record<string, { dev?: boolean; hasInstallScript?: boolean; integrity?: string }>;
    };
    const atRun = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
    expect(atRun.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => path)).toEqual([]);
    expect(atRun.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path)).toEqual([]);
    expect(
      text('Dockerfile')
        .match(/npm ci.*/g)
        ?.filter((line) => !line.includes('--ignore-scripts')),
    ).toEqual([]);
  });
});

describe('the changelog', () => {
  const sections = [...text('CHANGELOG.md').matchAll(/^## (.*)$/gm)].map(([, title = '']) => title);

  test('begins with what is not released, then versions with their dates, the newest first', () => {
    const [first, ...released] = sections;
    expect(first).toBe('Unreleased');
    const found = released.map((title) => /^(\d+\.\d+\.\d+\S*) \((\d{4}-\d\d-\d\d)\)$/.exec(title));
    expect(found).not.toContain(null);
    const versions = found.map((match) => match?.[1] ?? '');
    expect(versions).toEqual(versions.toSorted(semver.rcompare));
    expect(new Set(versions).size).toBe(versions.length);
    // Before the first release there is none; after one, package.json is at the newest.
    if (versions[0] !== undefined) expect(versions[0]).toBe(manifest.version);
  });
});

describe('the package can be published', () => {
  test('it is not private, and SECURITY.md says how to report a vulnerability (SUP-09)', () => {
    expect(manifest.private).toBeUndefined();
    const page = text('SECURITY.md');
    for (const part of ['privately', '90 days', 'Safe harbour', '## Versions']) expect(page).toContain(part);
  });
});

describe('docs/supply-chain.md', () => {
  const rows = [...text('docs/supply-chain.md').matchAll(/^\| (SUP-\d\d) \| (.*) \| (.*) \|$/gm)].map(
    ([, id = '', rule = '', check = '']) => ({ id, rule, check }),
  );
  const titles = globSync('test/**/*.test.ts', { cwd: ROOT }).map((path) => ({ path, source: text(path) }));

  test('has every rule, in order', () => {
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: 15 }, (_, index) => `SUP-${String(index + 1).padStart(2, '0')}`));
  });

  test.each(rows)('$id names a test in which it stands, or says why there is none', ({ id, check }) => {
    const named = [...check.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path);
    if (named.length === 0) return expect(check).toMatch(/not possible here, because|by hand, because/);
    for (const path of named) {
      expect(existsSync(join(ROOT, path)), path).toBe(true);
      expect(titles.find((one) => one.path === path)?.source.includes(id), `${id} in ${path}`).toBe(true);
    }
  });
});
