import { expect, test } from 'vitest';
import { describeChange, needsRestart } from '../../src/config/diff.ts';
import { KeptPublisher } from '../../src/config/kept-publisher.ts';
import { base, basePolicy, loaded } from './policy-file.ts';

const second = (name: string): string =>
  base.slice(base.indexOf('  - name:')).replace('ui-release', name).replaceAll('@acme/ui', `@acme/${name}`);

test('says which publishers came, went and changed', async () => {
  const before = await loaded(base + second('api') + second('old'));
  const after = await loaded(base.replace('release.yml', 'publish.yml') + second('api') + second('canary'));
  expect(await describeChange(before, after)).toBe('publishers +1 (canary) -1 (old) ~1 (ui-release)');
});

test('says which registries and issuers came, went and changed', async () => {
  const before = await loaded(base.replace('  github: {}\n', '  github: {}\n  gitlab: {}\n'));
  const after = await loaded(
    base.replace('http://verdaccio:4873/', 'http://other:4873/').replace('  github: {}\n', '  github: { max_age: 5m }\n'),
  );
  expect(await describeChange(before, after)).toBe('registries +0 -0 ~1 (npm); issuers +0 -1 (gitlab) ~1 (github)');
});

test('a change of layout or of a comment is none', async () => {
  const after = await loaded(`# what we publish\n${base.replace('"@acme/ui"', "'@acme/ui'")}`);
  expect(await describeChange(await loaded(base), after)).toBe('no publisher, registry or issuer changed');
});

test('a reorganisation of many publishers is counted, and ten of them named', async () => {
  const many = await loaded(base + Array.from({ length: 12 }, (_, index) => second(`p${index}`)).join(''));
  expect(await describeChange(await loaded(base), many)).toBe('publishers +12 (p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, and 2 more) -0 ~0');
});

test('others have their turn while thousands of publishers are compared', async () => {
  const few = await loaded(base);
  const provider = few.issuers.get('github')?.provider;
  const [one] = few.publishers;
  if (provider === undefined || one === undefined) throw new Error('the base has a publisher');
  const publishers = Array.from(
    { length: 9000 },
    (_, i) => new KeptPublisher({ name: `p${i}`, issuer: one.issuer, place: one.place, text: one.text }, provider),
  );
  const [some, more] = [
    { ...few, publishers: publishers.slice(0, 8000) },
    { ...few, publishers: publishers.slice(1) },
  ];
  let breaths = 0;
  const said = await describeChange(some, more, async () => void (breaths += 1));
  expect(said).toMatch(/^publishers \+1000 \(p8000, .*\) -1 \(p0\) ~0$/);
  expect(breaths).toBe(8);
});

test('P1 no value of a section is kept for the comparison, only a digest', async () => {
  const policy = basePolicy('credential: none', 'credential: { bearer: a-secret-of-the-registry }');
  const { written } = await loaded(policy);
  expect(JSON.stringify([...written.registries, ...written.issuers])).not.toMatch(/a-secret/);
});

test('settings that are taken at the start alone are named', async () => {
  const before = await loaded(base);
  const server = 'server:\n  listen: 0.0.0.0:8081\n  admin: 127.0.0.1:9091\n  workers: 2\n  shutdown_grace: 5s\n';
  expect(needsRestart(before, await loaded(`${server}store: redis://redis:6379/0\n${base}`))).toEqual([
    'server.listen',
    'server.admin',
    'server.workers',
    'store',
  ]);
  expect(needsRestart(before, await loaded(`tracing: { endpoint: "http://otel:4318" }\n${base}`))).toEqual(['tracing']);
  expect(needsRestart(before, await loaded(`server:\n  shutdown_grace: 5s\n${base}`))).toEqual([]);
});
