// include: further files may add publishers, from below the policy's folder, and nothing else.
import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfiguration } from '../../src/config/load.ts';
import { base, diagnosticsOf, folder, load, loaded, said, write } from './policy-file.ts';

const including = (glob: string): string => `include: ["${glob}"]\n${base}`;
const team = (name: string): string =>
  base.slice(base.indexOf('publishers:')).replace('ui-release', name).replaceAll('acme/ui', `acme/${name}`);

describe('include', () => {
  test('adds the publishers of every file that the glob names', async () => {
    const files = {
      'policy.yaml': including('teams/*.yaml'),
      'teams/b.yaml': team('b'),
      'teams/a.yaml': team('a'),
      'teams/.c.yaml': team('c'),
    };
    const configuration = await loaded(files);
    expect(
      configuration.publishers
        .map(({ name, place }) => `${place.file}:${place.line} ${name}`)
        .map((line) => line.replace(/^.*policy/, 'policy')),
    ).toEqual(['policy.yaml:16 ui-release', 'teams/a.yaml:2 a', 'teams/b.yaml:2 b']);
    expect(configuration.sources.files).toHaveLength(3);
  });

  test('POL-29: refuses a publisher that another file has already', async () => {
    const result = await load({ 'policy.yaml': including('team.yaml'), 'team.yaml': team('ui-release') });
    expect(said(result)).toEqual(['team.yaml:2:11 error a second publisher named "ui-release"']);
  });

  test('of two publishers with one name, says in which line the first has it', async () => {
    const [head = '', body = ''] = including('team.yaml').split('  - name: ui-release\n    from:');
    const named = `${head}  - from:${body}    name: ui-release\n`;
    const result = await load({ 'policy.yaml': named, 'team.yaml': team('ui-release') });
    const line = named.split('\n').indexOf('    name: ui-release') + 1;
    expect(diagnosticsOf(result).map(({ hint }) => hint?.replace(/^.*policy\.yaml/, ''))).toEqual([`:${line}`]);
  });

  test('reports problems at their place in the included file', async () => {
    const result = await load({ 'policy.yaml': including('team.yaml'), 'team.yaml': team('a').replace('environment:', 'enviroment:') });
    expect(said(result)).toEqual(['team.yaml:8:7 error unknown key "enviroment", did you mean "environment"?']);
  });

  test.each([
    ['issuers', 'issuers: { gitlab: {} }\n', '1:1 error unknown key "issuers"'],
    ['registries', 'registries: {}\n', '1:1 error unknown key "registries"'],
    ['further includes', 'include: [a.yaml]\n', '1:1 error unknown key "include"'],
    ['variables', 'server: { listen: "${A}" }\n', '1:1 error unknown key "server"'],
  ])('takes no %s from an included file', async (_, line, message) => {
    const result = await load({ 'policy.yaml': including('team.yaml'), 'team.yaml': `${line}${team('a')}` });
    expect(said(result)).toEqual([`team.yaml:${message}`]);
  });

  test.each(['/etc/passwd', '../x.yaml', 'teams/../../x.yaml', './../x', 'teams//a.yaml', ''])('POL-26: %s is refused', async (glob) => {
    expect((await load(including(glob))).ok).toBe(false);
  });

  test.each(['**/*.yaml', 'teams/?.yaml', 'teams/[a-z].yaml'])('%s is refused: only * within a name is special', async (glob) => {
    expect(said(await load(including(glob)))).toEqual(['1:11 error only * within a name is special']);
  });

  test('POL-26: a link out of the folder, a loop of links, a folder, a FIFO and a file that is not there are refused', async () => {
    const outside = folder();
    write(outside, { 'evil.yaml': team('evil') });
    const into = folder();
    write(into, { 'teams/a.yaml': team('a') });
    symlinkSync(join(outside, 'evil.yaml'), join(into, 'link.yaml'));
    symlinkSync(outside, join(into, 'linked'));
    symlinkSync('loop.yaml', join(into, 'loop.yaml'));
    execFileSync('mkfifo', [join(into, 'fifo.yaml')]);
    for (const [glob, message] of [
      ['link.yaml', '1:11 error "link.yaml" leads out of the folder of this file'],
      ['linked/*.yaml', '1:11 error "linked/evil.yaml" leads out of the folder of this file'],
      ['loop.yaml', '1:11 error "loop.yaml" is a loop of symbolic links'],
      ['teams', 'teams:1:1 error the file is a directory'],
      ['fifo.yaml', 'fifo.yaml:1:1 error the file is not a regular file'],
      ['nowhere.yaml', '1:11 error "nowhere.yaml" does not exist'],
      ['nowhere/*.yaml', '1:11 warning "nowhere/*.yaml" names no file'],
    ] as const) {
      write(into, { 'policy.yaml': including(glob) });
      expect(said(await loadConfiguration(join(into, 'policy.yaml'), {}))).toEqual([message]);
    }
  });

  test('follows links within the folder, as Kubernetes makes them, and reads a file once', async () => {
    const into = folder();
    write(into, { '..data/a.yaml': team('a'), 'policy.yaml': including('*.yaml') });
    symlinkSync('..data/a.yaml', join(into, 'a.yaml'));
    const result = await loadConfiguration(join(into, 'policy.yaml'), {});
    expect(said(result)).toEqual([]);
    expect(result.ok ? result.configuration.publishers.map(({ name }) => name) : []).toEqual(['ui-release', 'a']);
  });

  test('changes the revision with any file', async () => {
    const revisions = await Promise.all(
      ['a', 'a', 'b'].map(async (name) => (await loaded({ 'policy.yaml': including('team.yaml'), 'team.yaml': team(name) })).revision),
    );
    expect(revisions[0]).toMatch(/^[0-9a-f]{12}$/);
    expect(revisions[1]).toBe(revisions[0]);
    expect(revisions[2]).not.toBe(revisions[0]);
  });
});

test('a policy that is not there is reported, not thrown', async () => {
  const result = await loadConfiguration(join(folder(), 'nowhere.yaml'), {});
  expect(said(result)[0]).toMatch(/nowhere\.yaml:1:1 error the file does not exist$/);
});
