// The house (design/2): who may import whom, cycles, sizes, and the few functions that only named files may call.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', 'src');

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));
const source = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));

/** Every import and re-export with a path or package name; `typeOnly` when nothing of it is left at run time. */
function importsOf(file: string): Import[] {
  const found = [...(source.get(file) ?? '').matchAll(/^(?:import|export)\s+(type\s+)?([^;'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm)];
  return found.map(([, type, names, specifier = '']) => ({
    from: file,
    to: specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier,
    typeOnly: type !== undefined || /^\{(\s*type\s+\w+( as \w+)?,?)+\s*\}\s*from\s*$/.test((names ?? '').trim()),
  }));
}

const imports = files.flatMap(importsOf);
const room = (path: string): string => (path.includes('/') ? path.slice(0, path.indexOf('/')) : path);
const local = (to: string): boolean => source.has(to);

/** Rooms (and single files) that each room may import at run time. */
const allowed: Record<string, readonly string[]> = {
  core: ['core'],
  providers: ['core', 'providers'],
  registries: ['core', 'registries'],
  // `audit.webhooks` names outcomes: the table of the record is where they are.
  config: ['core', 'config', 'audit/fields.ts', 'providers/index.ts', 'registries/index.ts', 'registries/registry.ts'],
  oidc: ['core', 'oidc'],
  store: ['core', 'store'],
  audit: ['core', 'audit'],
  admin: ['core', 'audit', 'admin'],
  metrics: ['core', 'metrics'],
  'metrics.ts': ['core', 'metrics'],
  tracing: ['core', 'tracing'],
  'tracing.ts': ['core', 'tracing'],
  exchange: ['core', 'exchange', 'registries/registry.ts', 'store/store.ts'],
  gateway: ['core', 'gateway', 'registries/registry.ts', 'store/store.ts'],
  server: [
    'core',
    'providers',
    'registries',
    'config',
    'oidc',
    'store',
    'audit',
    'exchange',
    'gateway',
    'admin',
    'server',
    'log.ts',
    'log',
    'metrics.ts',
  ],
};

/** Rooms of which types may be imported beside. */
const types: Record<string, readonly string[]> = {
  exchange: ['config', 'oidc', 'store', 'audit', 'providers'],
  gateway: ['config', 'oidc', 'store', 'audit', 'providers'],
  admin: ['config', 'oidc', 'store', 'providers', 'registries', 'exchange', 'gateway', 'server'],
  metrics: ['metrics.ts'],
  tracing: ['tracing.ts'],
  server: ['tracing.ts'],
};

describe('the house', () => {
  test.each(Object.keys(allowed))('%s imports only what it may', (name) => {
    const wrong = imports
      .filter((i) => room(i.from) === name && local(i.to))
      .filter((i) => !(allowed[name] ?? []).some((to) => to === i.to || to === room(i.to)))
      .filter((i) => !(i.typeOnly && (types[name] ?? []).includes(room(i.to))));
    expect(wrong.map((i) => `${i.from} → ${i.to}`)).toEqual([]);
  });

  test('core imports nothing but core: no node:*, no package', () => {
    expect(imports.filter((i) => room(i.from) === 'core' && !local(i.to)).map((i) => `${i.from} → ${i.to}`)).toEqual([]);
  });

  test('core asks no clock and no randomness', () => {
    const impure = files.filter(
      (file) =>
        room(file) === 'core' &&
        /Date\.now|new Date\(\)|Math\.random|process\.|performance\.|globalThis|crypto\./.test(source.get(file) ?? ''),
    );
    expect(impure).toEqual([]);
  });

  test('a plug-in never imports another plug-in', () => {
    const plugin = (path: string): string | undefined =>
      room(path) === 'registries' && path.split('/').length > 2 ? path.split('/')[1] : undefined;
    // What archives are made of is no protocol's own; it imports none of them in its turn.
    const across = imports
      .filter((i) => plugin(i.from) !== undefined && plugin(i.to) !== undefined && plugin(i.from) !== plugin(i.to))
      .filter((i) => plugin(i.to) !== 'archive');
    // The contract, how a table is read and written, and what the CIs with GitHub's workflow files have in common.
    const shared = ['provider.ts', 'conditions.ts', 'table.ts', 'snippet.ts', 'actions.ts', 'actions-snippet.ts'];
    const providers = imports.filter(
      (i) =>
        room(i.from) === 'providers' &&
        room(i.to) === 'providers' &&
        i.from !== 'providers/index.ts' &&
        !shared.includes(i.to.slice('providers/'.length)),
    );
    expect([...across, ...providers].map((i) => `${i.from} → ${i.to}`)).toEqual([]);
  });

  test('main.ts imports only the cli', () => {
    expect(imports.filter((i) => i.from === 'main.ts' && local(i.to) && room(i.to) !== 'cli')).toEqual([]);
  });

  test('there are no cycles', () => {
    const graph = new Map(
      files.map((file) => [file, imports.filter((i) => i.from === file && local(i.to) && !i.typeOnly).map((i) => i.to)]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      if (done.has(file) || path.includes(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(cycles).toEqual([]);
  });

  test('http-proxy-3 is used in gateway/pass-through.ts and nowhere else', () => {
    expect(imports.filter((i) => i.to === 'http-proxy-3').map((i) => i.from)).toEqual(['gateway/pass-through.ts']);
  });

  test('the OpenTelemetry SDK is used in tracing/ and nowhere else, and loaded by tracing.ts when it is asked for', () => {
    const users = imports.filter((i) => i.to.startsWith('@opentelemetry/')).map((i) => room(i.from));
    expect([...new Set(users)]).toEqual(['tracing']);
    expect(imports.filter((i) => room(i.to) === 'tracing' && room(i.from) !== 'tracing').map((i) => i.from)).toEqual([]);
    expect(source.get('tracing.ts')).toContain("await import('./tracing/otel.ts')");
  });

  test('verified claims and authorised requests are made only where the checks are', () => {
    const callers = (name: string): string[] =>
      files.filter((file) => file !== 'core/claims.ts' && new RegExp(`\\b${name}\\(`).test(source.get(file) ?? '')).toSorted();
    expect(callers('assumeVerified')).toEqual(expect.arrayContaining(['gateway/authorise.ts', 'oidc/verify.ts']));
    for (const file of callers('assumeVerified'))
      expect(['gateway/authorise.ts', 'oidc/verify.ts', 'cli/explain.ts', 'cli/pin/seen.ts']).toContain(file);
    const makers = files.filter((file) => /as (unknown as )?Authorised\b/.test(source.get(file) ?? ''));
    expect(makers).toEqual(['gateway/authorise.ts']);
  });

  test('nothing is exported by default, and no room is called utils, helpers, common, manager, service or misc', () => {
    expect(files.filter((file) => /^export default/m.test(source.get(file) ?? ''))).toEqual([]);
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|common|manager|service|misc)(\.ts|\/)/.test(file))).toEqual([]);
  });
});

describe('the budgets', () => {
  const lines = new Map([...source].map(([file, text]) => [file, text.split('\n').length - 1]));

  test('no file has more than 300 lines', () => {
    expect([...lines].filter(([, count]) => count > 300)).toEqual([]);
  });

  test('the median file has at most 100 lines', () => {
    const sorted = [...lines.values()].toSorted((a, b) => a - b);
    expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThanOrEqual(100);
  });

  test.each(['exchange/exchange.ts', 'gateway/gateway.ts'])('%s stays one page of named steps', (file) => {
    expect(lines.get(file)).toBeLessThanOrEqual(170);
  });

  test('comments leave nothing for later', () => {
    expect(files.filter((file) => /\b(TODO|FIXME|XXX:|HACK)\b/.test(source.get(file) ?? ''))).toEqual([]);
  });

  test('sources and tests are found where they are looked for', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(relative(root, join(root, 'core', 'match.ts'))).toBe(join('core', 'match.ts'));
  });
});
