// `countersign snippet`: for every CI, registry protocol and client a file that its CI can read, for a job that gets through.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import type { Snippet } from '../../src/cli/snippet.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { assumeVerified } from '../../src/core/claims.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { providers } from '../../src/providers/index.ts';
import { registries } from '../../src/registries/index.ts';
import { fixtures } from '../providers/claims.ts';
import { policyFor, type Stated } from '../providers/publishers.ts';
import { tempDir } from '../support/temp.ts';
import { countersign, type Printed } from './fake-terminal.ts';

const dir = tempDir('snippet');
const pairs = registries.flatMap((protocol) => protocol.snippet.clients.map((client) => [protocol.id, client] as const));

function policy(id: string, change: Stated = {}, issuer: Readonly<Record<string, unknown>> = {}): string {
  const file = join(dir, `${id}.yaml`);
  writeFileSync(file, policyFor(id, change, issuer));
  return file;
}

async function snippets(file: string, ...flags: readonly string[]): Promise<Printed & { readonly made: readonly Snippet[] }> {
  const printed = await countersign(['snippet', 'ui-release', '--config', file, '--json', ...flags]);
  return { ...printed, made: printed.code === 0 ? (JSON.parse(printed.out) as { snippets: Snippet[] }).snippets : [] };
}

/** YAML as a CI reads it; fails on everything that `yaml` only warns of. */
function yamlOf(text: string): JsonObject {
  const document = parseDocument(text, { strict: true, uniqueKeys: true });
  expect([...document.errors, ...document.warnings]).toEqual([]);
  return document.toJS() as JsonObject;
}

/** Every text in a tree. */
function texts(node: unknown): string[] {
  if (typeof node === 'string') return [node];
  return typeof node === 'object' && node !== null ? Object.values(node).flatMap(texts) : [];
}

/** The braces and quotes of a Jenkinsfile, as Groovy pairs them; gives its literal texts. */
function groovyTexts(text: string): string[] {
  const found: string[] = [];
  const open: string[] = [];
  const token = /\/\/[^\n]*|'''((?:\\[^]|(?!''')[^\\])*)'''|'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|[{}()[\]'"]/g;
  for (const [whole, long, short, filled] of text.matchAll(token)) {
    if (whole.startsWith('//')) continue;
    if (whole.length > 1) found.push((long ?? short ?? filled ?? '').replaceAll(/\\(.)/gs, '$1'));
    else if ('{(['.includes(whole)) open.push(whole);
    else expect(`${open.pop() ?? ''}${whole}`).toMatch(/^(?:\{\}|\(\)|\[\])$/);
  }
  expect(open).toEqual([]);
  return found;
}

/** Undoes what a CI makes of a script before a shell sees it. */
function asShellSees(id: string, script: string): string {
  if (id === 'buildkite' || id === 'google') {
    expect(script.replaceAll('$$', '')).not.toContain('$');
    return script.replaceAll('$$', '$');
  }
  if (id === 'teamcity') {
    expect(script.replaceAll('%%', '').replaceAll('%jwt.token%', '')).not.toContain('%');
    return script.replaceAll('%jwt.token%', 'token').replaceAll('%%', '%');
  }
  return script;
}

const withSnippet = providers.filter((provider) => provider.snippet !== undefined);

describe.each(withSnippet.map((provider) => [provider.id, provider] as const))('%s', (id, provider) => {
  const scripts: string[] = [];

  test.each(pairs)('%s with %s: its CI can read it, and its token is for an audience that is accepted', async (registry, client) => {
    const file = policy(id);
    const { code, err, made } = await snippets(file, '--registry', registry, '--client', client);
    if (client === 'gh-action' && provider.id !== 'github') {
      expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('runs on GitHub alone') });
      return;
    }
    expect(code, err).toBe(0);
    const loaded = await loadConfiguration(file, {});
    const configuration = loaded.ok ? loaded.configuration : undefined;
    const { audiences, url } = configuration!.registries.get(registry)!;
    for (const { audience, files } of made) {
      expect([...audiences, ...configuration!.issuers.get('ci')!.audiences]).toContain(audience);
      const whole = files.map(({ text }) => text).join('');
      expect(whole).toContain(url.href);
      expect(decodeURIComponent(whole.replaceAll('%%', '%').replaceAll(/%(?![0-9A-F]{2})/g, '%25'))).toContain(audience);
      expect(whole).not.toMatch(/undefined|\[object|secrets\.|password:/i);
      for (const { language, text } of files) {
        expect(text.endsWith('\n') && !text.includes('\t')).toBe(true);
        const found = language === 'yaml' ? texts(yamlOf(text)) : language === 'groovy' ? groovyTexts(text) : [text];
        scripts.push(...found.filter((part) => part.includes('\n')).map((part) => asShellSees(id, part)));
      }
    }
  });

  test('a shell can read every script, and stops where something fails', () => {
    expect(scripts.length).toBeGreaterThanOrEqual(pairs.length - 1);
    const all = scripts.map((script) => `(\n${script}\n)\n`).join('');
    const { stderr, status } = spawnSync('sh', ['-n'], { input: all, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // `export X=$(…)` hides that the command failed.
    expect(all).not.toMatch(/export \w+="?\$\(/);
  });
});

/** The claims of the run that a workflow file describes, started as its `on:` says. */
function runOf(files: Snippet['files'], from: Stated): JsonObject {
  const [caller, called] = files;
  const { on, jobs } = yamlOf(caller!.text) as unknown as {
    on: string[] | Record<string, { tags?: string[]; branches?: string[] }>;
    jobs: { publish: { environment?: string; uses?: string; 'runs-on'?: string } };
  };
  const job = called === undefined ? jobs.publish : (yamlOf(called.text) as unknown as { jobs: typeof jobs }).jobs.publish;
  const event = Array.isArray(on) ? on[0]! : Object.keys(on)[0]!;
  const push = Array.isArray(on) ? undefined : on['push'];
  const tag = push?.tags?.[0] ?? (push === undefined ? 'v*' : undefined);
  const name = (tag ?? push?.branches?.[0] ?? 'main').replaceAll('*', '1');
  const ref = `refs/${tag === undefined ? 'heads' : 'tags'}/${name}`;
  const file = `${String(from['repository'])}/${caller!.path}@${ref}`;
  return {
    ...fixtures['github'],
    event_name: event,
    ref,
    workflow_ref: file,
    job_workflow_ref: jobs.publish.uses?.replace('@', '@refs/tags/') ?? file,
    runner_environment: job['runs-on'] === 'self-hosted' ? 'self-hosted' : 'github-hosted',
    environment: job.environment ?? null,
  };
}

describe('GitHub', () => {
  const rows: [string, Stated][] = [
    ['tags', {}],
    ['a branch', { ref: 'refs/heads/release/*' }],
    ['tags and branches', { ref: ['refs/heads/main', 'refs/tags/v*'] }],
    ['any ref', { ref: 'any' }],
    ['any environment', { environment: 'any' }],
    ['an environment with odd characters', { environment: 'live: "eu" #1' }],
    ['an environment that YAML would take for something else', { environment: 'on' }],
    ['another workflow file', { workflow: 'publish it.yaml' }],
    ['releases', { events: ['release'], ref: 'refs/tags/*' }],
    ['runs by hand', { events: ['workflow_dispatch'], ref: 'refs/tags/*' }],
    ['a timetable', { events: ['schedule'], ref: 'any' }],
    ['its own runners', { runner_environment: 'self-hosted' }],
    ['a called workflow', { called_workflow: 'acme/ci/.github/workflows/publish.yml@refs/tags/v2' }],
    ['a called workflow at any version', { called_workflow: 'acme/ci/.github/workflows/publish.yml@refs/tags/v*' }],
  ];

  test.each(rows)('a run of the file for a publisher with %s matches the publisher', async (_, change) => {
    const file = policy('github', change);
    const loaded = await loadConfiguration(file, {});
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
    const [publisher] = loaded.configuration.publishers;
    const { made } = await snippets(file, '--client', 'npm');
    const claims = runOf(made[0]!.files, { repository: 'acme/ui', ...change });
    const failed = publisher!.check(assumeVerified('ci', claims)).filter((check) => !check.ok);
    expect(failed).toEqual([]);
  });

  test('the job has the rights that it needs and no other, and its actions are pinned', async () => {
    for (const [registry, client] of pairs) {
      const { made } = await snippets(policy('github'), '--registry', registry, '--client', client);
      const [file] = made[0]!.files;
      const { permissions, jobs } = yamlOf(file!.text) as { permissions: object; jobs: { publish: { permissions: object } } } & JsonObject;
      expect({ permissions, job: jobs.publish.permissions }).toEqual({ permissions: {}, job: { contents: 'read', 'id-token': 'write' } });
      for (const [, action = ''] of file!.text.matchAll(/uses: (.+)/g))
        expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  test('a client that would ask for an audience which the registry does not accept is told so', async () => {
    const file = policy('github');
    writeFileSync(file, policyFor('github').replace('protocol: npm', 'protocol: npm\n    audiences: [acme-packages]'));
    const { code, err } = await snippets(file, '--client', 'npm');
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('npm:npm.acme.dev, which this registry does not accept') });
  });
});

test('a CircleCI job asks the issuer that the policy has: the root issuer, or that of its organization', async () => {
  const written = async (issuer: string, client: string): Promise<string> =>
    (await snippets(policy('circleci', {}, { issuer }), '--client', client)).made[0]!.files[0]!.text;
  const [root, own] = ['https://oidc.circleci.com', 'https://oidc.circleci.com/org/6f6b1b1c-0f4e-4e9d-9e3b-2a1c5d7e9f11'] as const;
  expect(await written(root, 'npm')).toContain(`circleci run oidc get --root-issuer --claims '{"aud":"npm:npm.acme.dev"}'`);
  expect(await written(own, 'npm')).toContain(`circleci run oidc get --claims '{"aud":"npm:npm.acme.dev"}'`);
  // uv asks for tokens of the root issuer only.
  expect(await written(root, 'uv')).toContain('--trusted-publishing always');
  expect(await written(own, 'uv')).toContain('UV_PUBLISH_TOKEN=');
});

describe('the command', () => {
  test('names every client in its help', async () => {
    const { out } = await countersign(['snippet', '--help']);
    for (const [, client] of pairs) expect(out).toMatch(new RegExp(`[ ,]${client}[,;\\n]`));
  });

  test('prints files with their paths, one registry after the other', async () => {
    const { code, out } = await countersign(['snippet', 'ui-release', '--config', policy('gitlab')]);
    expect(code).toBe(0);
    expect(out).toMatch(/^# \.gitlab-ci\.yml: npm to npm\npublish:\n/);
    expect(out).toContain('\n# .gitlab-ci.yml: uv to pypi\npublish:\n');
  });

  test('takes only the registries whose clients the one asked for is', async () => {
    const { made } = await snippets(policy('gitlab'), '--client', 'twine');
    expect(made.map(({ registry, client }) => [registry, client])).toEqual([['pypi', 'twine']]);
  });

  test.each([
    [['ui-releas'], '"ui-releas" is no publisher, did you mean "ui-release"? There are ui-release.'],
    [['ui-release', '--registry', 'pyp'], '"pyp" is no registry of this publisher, did you mean "pypi"? There are npm, pypi.'],
    [['ui-release', '--client', 'twin', '--registry', 'pypi'], '"twin" is no client of PyPI, did you mean "twine"?'],
  ])('says what there is instead of %j', async (argv, message) => {
    const { code, err } = await countersign(['snippet', ...argv, '--config', policy('gitlab')]);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) });
  });

  test('says where no job can have a token for us, and where its audience has to be listed first', async () => {
    expect((await snippets(policy('activestate'))).err).toContain(
      'There is no CI file for ActiveState; docs/ci/activestate.md says how its jobs publish.',
    );
    const { code, err } = await snippets(policy('semaphore', {}, { audiences: undefined }));
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining('list it under `audiences:` of issuer ci') });
  });
});
