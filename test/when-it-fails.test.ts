// docs/when-it-fails.md: what is printed for ten broken policies and for broken CI set-ups, each with its cause and its cure.
// `npx vitest run test/when-it-fails.test.ts -u` writes the page anew.
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countersign } from './cli/fake-terminal.ts';
import { filledIn, pagePath } from './cli/generated-docs.ts';
import { doctorTextIn } from './cli/job-folder.ts';
import { createAuthority } from './oidc/certificate.ts';
import { startIssuer } from './support/issuer.ts';
import { pastEpoch, startProxy } from './support/proxy.ts';
import { tempDir } from './support/temp.ts';
import { fromUi } from './support/ui-job.ts';
import { entry } from './when-it-fails/case.ts';
import { brokenJobs, onGithub, type World } from './when-it-fails/jobs.ts';
import { allPoints, answered, pointsTable } from './when-it-fails/points.ts';
import { brokenPolicies, goodPolicy } from './when-it-fails/policies.ts';

const width = 100;
const sections = { policies: [] as string[], jobs: [] as string[] };

describe('a broken policy', () => {
  test('the good one has neither error nor warning', async () => {
    const file = join(tempDir('policy'), 'countersign.yaml');
    writeFileSync(file, goodPolicy);
    const { code, out } = await countersign(['check', '--config', file], { env: { VERDACCIO_TOKEN: 'x' } });
    expect([code, out]).toEqual([0, expect.stringMatching(/^\S+ is valid: [^\n]*\n$/)]);
  });

  test.each(brokenPolicies)('$title: check says what is wrong and what to do', async (broken) => {
    const folder = tempDir('policy');
    const [from, to] = broken.change;
    expect(goodPolicy).toContain(from);
    const file = join(folder, 'countersign.yaml');
    writeFileSync(file, goodPolicy.replace(from, to));
    const { code, out } = await countersign(['check', '--config', file], { env: { VERDACCIO_TOKEN: 'x' } });
    expect(code).toBe(broken.code);
    expect(out).toMatch(broken.cause);
    expect(out).toMatch(broken.cure);
    const masked = out.replaceAll(`${folder}/`, '').replaceAll(/revision [0-9a-f]{12}/g, 'revision 8eb671eea039');
    sections.policies.push(entry(broken, 'countersign check --config countersign.yaml', masked));
  });

  test('there are ten', () => expect(brokenPolicies).toHaveLength(10));
});

describe('a broken CI set-up', () => {
  let world: World;
  const closers: (() => unknown)[] = [];
  beforeAll(async () => {
    const [github, gitlab, circleci, stranger] = await Promise.all([
      startIssuer(),
      startIssuer({ style: 'gitlab' }),
      startIssuer({ style: 'circleci' }),
      startIssuer(),
    ]);
    const proxy = await startProxy({
      policy: (port) => policyFor(port, { github: github.issuer, gitlab: gitlab.issuer, circleci: circleci.issuer }),
    });
    const server = createServer(createAuthority().issue({ host: 'localhost' }), (_, response) => response.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const untrusted = `https://localhost:${(server.address() as AddressInfo).port}/`;
    world = { proxy, github, gitlab, circleci, stranger, untrusted };
    closers.push(() => server.close(), ...[proxy, github, gitlab, circleci, stranger].map((one) => () => one.close()));
    await pastEpoch();
  }, 60_000);
  afterAll(async () => {
    for (const close of closers) await close();
  });

  test.each(brokenJobs)('$title: doctor says what is wrong and what to do', async (broken) => {
    const folder = await broken.job(world);
    const { code, out } = await doctorTextIn(folder);
    const warned = /^warn/m.test(out);
    expect(code === 1 || (code === 0 && warned), out).toBe(true);
    expect(out).toMatch(broken.cause);
    expect(out).toMatch(broken.cure);
    const { out: shown } = await doctorTextIn(await broken.job(world), width);
    sections.jobs.push(
      entry(broken, masked(['countersign doctor', ...(folder.args ?? [])].join(' '), world), masked(withoutFine(shown), world)),
    );
  });

  test.each([
    ['an owner and a repository in another case', { repository: 'Acme/UI' }],
    ['a subject of any form', { sub: 'organisation:acme:custom:form' }],
  ])('but %s does not fail here', async (_, claims) => {
    const { code, out } = await doctorTextIn(onGithub(world, claims));
    expect([code, out]).toEqual([0, expect.stringContaining('This job can publish.')]);
  });

  test('there are at least twenty, of every kind of trouble that a job can have', () => {
    expect(brokenJobs.length).toBeGreaterThanOrEqual(20);
    expect(answered([...brokenPolicies, ...brokenJobs])).toEqual(allPoints);
  });
});

test('docs/when-it-fails.md shows what was printed', async () => {
  const points = pointsTable([...brokenPolicies, ...brokenJobs]);
  const page = filledIn('when-it-fails.md', { points, policies: sections.policies.join('\n\n'), jobs: sections.jobs.join('\n\n') });
  await expect(page).toMatchFileSnapshot(pagePath('when-it-fails.md'));
});

/** Findings without those that are fine, and the verdict. */
function withoutFine(out: string): string {
  const blocks = out.split(/^(?=(?:ok|warn|FAIL|skip) {2})/m);
  const [last = '', verdict = ''] = (blocks.pop() ?? '').split('\n\n');
  return [...[...blocks, `${last}\n`].filter((block) => !/^(?:ok|skip)/.test(block)), '\n', verdict].join('');
}

/** The addresses of this run as they would be at Acme. */
function masked(text: string, { proxy, github, stranger, untrusted }: World): string {
  return text
    .replaceAll(untrusted.slice(0, -1), 'https://npm.acme.internal')
    .replaceAll(proxy.url.slice(0, -1), 'https://npm.acme.example')
    .replaceAll(proxy.host, 'npm.acme.example')
    .replaceAll(stranger.issuer, 'https://ghe.acme.example/_services/token')
    .replaceAll(github.issuer, 'https://token.ghe.acme.example')
    .replaceAll('npm:127.0.0.1', 'npm:npm.acme.example')
    .replaceAll('npm:npm.acme.example or npm:npm.acme.example', 'npm:npm.acme.example')
    .replaceAll(/(request\s+)[0-9a-f]{16}/g, (_, before: string) => `${before}5c9b3bb455cda88c`);
}

function policyFor(port: number, issuers: { github: string; gitlab: string; circleci: string }): Record<string, unknown> {
  const url = `http://127.0.0.1:${port}/`;
  const registry = (protocol: string, path: string): object => ({
    protocol,
    url: `${url}${path}`,
    upstream: `http://127.0.0.1:9/${path}`,
    credential: 'none',
  });
  const publish = { npm: ['@acme/ui'], team: ['@acme/ui'], pypi: ['acme-ui'] };
  return {
    issuers: {
      github: { issuer: issuers.github, insecure: true },
      gitlab: { issuer: issuers.gitlab, insecure: true },
      circleci: { issuer: issuers.circleci, insecure: true },
    },
    registries: { npm: registry('npm', ''), team: registry('npm', 'npm/team/'), pypi: registry('pypi', 'py/') },
    publishers: [
      { name: 'ui-release', from: { ...fromUi, repository_id: '101', environment: 'production' }, publish },
      {
        name: 'ui-of-gitlab',
        from: {
          issuer: 'gitlab',
          project_path: 'acme/tools/ui',
          namespace_id: 21,
          project_id: 34,
          environment: 'release',
          ref: 'refs/tags/v*',
        },
        publish,
      },
      {
        name: 'ui-of-circleci',
        from: {
          issuer: 'circleci',
          project_id: 'b0a1c2d3-1111-4222-8333-444455556666',
          org_id: 'any',
          pipeline_definition_id: 'd1e2f3a4-7777-4888-8999-aaaabbbbcccc',
          context_ids: 'any',
          vcs_origin: 'git.corp.example/acme/ui',
          ref: 'refs/heads/main',
        },
        publish,
      },
    ],
  };
}
