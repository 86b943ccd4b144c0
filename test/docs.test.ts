// What the documentation says holds: links lead somewhere, policies load, commands exist, tests that are named exist.
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { buildProgram } from '../src/cli/program.ts';
import { loadConfiguration } from '../src/config/load.ts';
import { fakeTerminal } from './cli/fake-terminal.ts';
import { createAuthority } from './oidc/certificate.ts';
import { runClient } from './support/clients.ts';
import { startIssuer } from './support/issuer.ts';
import { npmPackage } from './support/npm-package.ts';
import { freePort } from './support/ports.ts';
import { answers, plainEnv, startServer } from './support/process.ts';
import { pastEpoch, startProxy } from './support/proxy.ts';
import { describeWith, requires, ROOT } from './support/requirement.ts';
import { removeTempDir, tempDir } from './support/temp.ts';

const pages = ['README.md', 'SECURITY.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md', { cwd: ROOT })].map((path) => ({
  path,
  text: readFileSync(join(ROOT, path), 'utf8'),
}));

interface Fence {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

/** Fenced blocks, without the indentation of a list that they are in. */
const fences: Fence[] = pages.flatMap(({ path, text }) =>
  [...text.matchAll(/^( *)```(\w*)\n([^]*?)^\1```$/gm)].map(([, indent = '', language = '', body = ''], at, all) => ({
    page: path,
    line: text.slice(0, all[at]?.index).split('\n').length,
    language,
    text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  })),
);

const policies = fences.filter(({ language, text }) => language === 'yaml' && isPolicy(text));
const publishers = fences.filter(({ text }) => text.startsWith('# under publishers:'));

function isPolicy(text: string): boolean {
  return !text.startsWith('# under publishers:') && (text.startsWith('# countersign.yaml') || /^publishers:/m.test(text));
}

describe('links', () => {
  const links = pages.flatMap(({ path, text }) =>
    [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => ({ path, target }))
      .filter(({ target }) => !/^https?:/.test(target)),
  );
  test.each(links)('$target in $path leads somewhere', ({ path, target }) => {
    const [file = '', anchor] = target.split('#');
    const goal = file === '' ? join(ROOT, path) : join(ROOT, dirname(path), file);
    expect(existsSync(goal), relative(ROOT, goal)).toBe(true);
    if (anchor !== undefined) expect(headings(readFileSync(goal, 'utf8'))).toContain(anchor);
  });

  test('every page is reached from the README', () => {
    const linked = new Set(links.filter(({ path }) => path === 'README.md').map(({ target }) => target.split('#')[0]));
    const unlinked = pages.map(({ path }) => path).filter((path) => path !== 'README.md' && !linked.has(path));
    expect(unlinked).toEqual([]);
  });
});

/** Slugs of the headings, as the hosts of repositories make them. */
function headings(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

function withoutCode(text: string): string {
  return text.replaceAll(/^ *```[^]*?^ *```$/gm, '').replaceAll(/`[^`\n]+`/g, '');
}

describe('policies', () => {
  let folder = '';
  beforeAll(() => {
    folder = tempDir('docs');
    mkdirSync(join(folder, 'tls'));
    const authority = createAuthority();
    const { key, cert } = authority.issue({ host: 'npm.acme.example' });
    for (const [name, text] of Object.entries({ 'cert.pem': cert, 'key.pem': key, 'corp-ca.pem': authority.certificate })) {
      writeFileSync(join(folder, 'tls', name), text, { mode: 0o600 });
    }
  });
  afterAll(() => removeTempDir(folder));

  /** Loads the text as `countersign check` does, with a value for each variable in it; gives errors and warnings. */
  async function check(text: string): Promise<{ ok: boolean; said: string[] }> {
    const file = join(folder, 'countersign.yaml');
    writeFileSync(file, text, { mode: 0o600 });
    const env = Object.fromEntries([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => [name, 'a-secret']));
    const loaded = await loadConfiguration(file, env);
    const diagnostics = loaded.ok ? loaded.configuration.warnings : loaded.diagnostics;
    return { ok: loaded.ok, said: diagnostics.map(({ message }) => message) };
  }

  test('there are some', () => expect(policies.length).toBeGreaterThan(5));

  test.each(policies)('the one at $page:$line passes `countersign check` without a warning', async ({ text }) => {
    expect(await check(text)).toEqual({ ok: true, said: [] });
  });

  test.each(publishers)('the publisher at $page:$line passes in a whole policy', async ({ text }) => {
    const registry = (name: string, protocol: string): string =>
      `  ${name}: { protocol: ${protocol}, url: "https://${name}.acme.example/", upstream: "http://${name}:80/", credential: { bearer: "\${TOKEN}" } }\n`;
    const rest = `issuers: { github: {} }\nregistries:\n${registry('npm', 'npm')}${registry('pypi', 'pypi')}`;
    expect(await check(`${rest}publishers:\n${text}`)).toEqual({ ok: true, said: [] });
  });

  test('a mistake in one of them would be found', async () => {
    const { text = '' } = policies[0] ?? {};
    expect(await check(text.replace('workflow:', 'worfklow:'))).toMatchObject({ ok: false });
  });

  test.each(fences.filter(({ language }) => language === 'yaml'))('the YAML at $page:$line is YAML', ({ text }) => {
    expect(parseAllDocuments(text).flatMap((document) => ('errors' in document ? document.errors : []))).toEqual([]);
  });
});

describe('commands', () => {
  const program = buildProgram(fakeTerminal().terminal, () => Promise.resolve());
  const used = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\bcountersign ([a-z]+)((?: +(?:--?[a-z][a-z-]*|[^\s`|&;)"']+))*)/g)]
      .filter(([whole]) => isCode(text, whole))
      .map(([whole, name = '', rest = '']) => ({ path, whole, name, flags: rest.match(/(?<= )--?[a-z][a-z-]*/g) ?? [] })),
  );

  test('there are some', () => expect(used.length).toBeGreaterThan(30));

  test.each(used)('`$whole` in $path exists', ({ name, flags }) => {
    const command = program.commands.find((candidate) => candidate.name() === name) ?? new Command();
    expect(program.commands.map((candidate) => candidate.name()).concat('help')).toContain(name);
    for (const flag of flags) expect(['--help', ...command.options.flatMap(({ long, short }) => [long, short])]).toContain(flag);
  });

  test('every npm script that is named exists', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    const named = pages.flatMap(({ text }) => [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name));
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

/** In a fenced block or between backticks; prose says "countersign" too. */
function isCode(text: string, words: string): boolean {
  const code = [...text.matchAll(/^ *```[^]*?^ *```$|`[^`\n]+`/gm)].map(([block]) => block).join('\n');
  return code.includes(words);
}

test('docs/operations.md shows the permissions that the store was tried with', () => {
  const tried = /const leastPrivilege =\s*'([^']+)'/.exec(readFileSync(join(ROOT, 'test', 'store', 'redis-access.test.ts'), 'utf8'))?.[1];
  expect(tried).toBeDefined();
  expect(pages.find(({ path }) => path === 'docs/operations.md')?.text).toContain(tried);
});

describeWith('npm', 'verdaccio')('the set-up in docs/registries/verdaccio.md', () => {
  const block = (start: string): string =>
    fences.find(({ page, text }) => page.endsWith('verdaccio.md') && text.startsWith(start))?.text ?? '';
  const closers: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const close of closers.toReversed()) await close();
  });

  test('publishes, registers nobody, and lets not even the service account remove', { timeout: 60_000 }, async () => {
    const dir = tempDir('documented');
    const port = await freePort();
    writeFileSync(join(dir, 'config.yaml'), block('# config.yaml of Verdaccio'));
    writeFileSync(join(dir, 'htpasswd'), `svc:{SHA}${createHash('sha1').update('of the service').digest('base64')}\n`);
    const upstream = `http://127.0.0.1:${port}/`;
    const verdaccio = await startServer({
      name: 'Verdaccio',
      command: requires('node'),
      args: [requires('verdaccio'), '--config', join(dir, 'config.yaml'), '--listen', `127.0.0.1:${port}`],
      cwd: dir,
      env: plainEnv({ HOME: dir }),
      ready: () => answers(`${upstream}-/ping`),
    });
    closers.push(() => verdaccio.stop());
    const issuer = await startIssuer({ style: 'github' });
    closers.push(() => issuer.close());
    const { issuers: _issuers, server: _server, registries, ...rest } = parse(block('# countersign.yaml')) as { [key: string]: object };
    const npm = (registries as { npm: object }).npm;
    const proxy = await startProxy({
      env: { VERDACCIO_PASSWORD: 'of the service' },
      policy: (at) => ({
        ...rest,
        issuers: { github: { issuer: issuer.issuer, insecure: true } },
        registries: { npm: { ...npm, url: `http://127.0.0.1:${at}/`, upstream } },
      }),
    });
    closers.push(() => proxy.close());
    await pastEpoch();

    const job = { repository_owner_id: '12', repository_id: '4711', environment: 'production', ref: 'refs/tags/v1.0.0' };
    const { folder } = npmPackage('@acme/ui');
    const env = issuer.githubEnv(job);
    const published = await runClient('npm', ['publish'], { cwd: folder, npmrc: `registry=${proxy.url}`, env });
    expect(published, published.output).toMatchObject({ code: 0 });

    const account = (name: string, password: string, authorization?: string): Promise<Response> =>
      fetch(`${upstream}-/user/org.couchdb.user:${name}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) },
        body: JSON.stringify({ name, password }),
      });
    expect((await account('mallory', 'correct horse battery')).status).toBe(409);
    const login = await account('svc', 'of the service', `Basic ${Buffer.from('svc:of the service').toString('base64')}`);
    const { token } = (await login.json()) as { token: string };
    const removed = await fetch(`${upstream}@acme%2fui/-rev/1-0`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
    expect(removed.status).toBe(403);
  });
});

describe('docs/threat-model.md', () => {
  test('names only tests that exist', () => {
    const page = readFileSync(join(ROOT, 'docs', 'threat-model.md'), 'utf8');
    const tables = page.slice(page.indexOf('## Threats and tests'), page.indexOf('## Decided otherwise'));
    const cited = [...new Set(tables.match(/\b(?:P[1-9]|[A-Z]{2,3}-\d{2})\b/g))];
    expect(cited.length).toBeGreaterThan(100);
    const titled = new Set(globSync('test/**/*.test.ts', { cwd: ROOT, exclude: ['**/node_modules'] }).flatMap(idsInTitles));
    expect(cited.filter((id) => !titled.has(id))).toEqual([]);
  });
});

/** Identifiers in the string literals of a test file: titles, and the rows of its tables. */
function idsInTitles(path: string): string[] {
  const code = readFileSync(join(ROOT, path), 'utf8').replaceAll(/^\s*(?:\/\/|\/?\*).*$/gm, '');
  const literals = code.match(/(['"`])(?:(?!\1)[^\n])*\1/g) ?? [];
  return literals.flatMap((literal) => literal.match(/\b(?:P[1-9]|[A-Z]{2,3}-\d{2})\b/g) ?? []);
}
