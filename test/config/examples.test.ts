// The policies that we ship load, and say nothing that their reader could not have meant.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadConfiguration } from '../../src/config/load.ts';
import { countersign } from '../cli/fake-terminal.ts';
import { said } from './policy-file.ts';

const example = (name: string): string => fileURLToPath(new URL(`../../config/${name}`, import.meta.url));
const secrets = { VERDACCIO_TOKEN: 't', COUNTERSIGN_NPM_PASSWORD: 'n', COUNTERSIGN_PYPI_PASSWORD: 'p' };

describe('config/', () => {
  test('minimal.yaml loads without a word and has at most 25 lines', async () => {
    expect(said(await loadConfiguration(example('minimal.yaml'), secrets))).toEqual([]);
    expect(readFileSync(example('minimal.yaml'), 'utf8').trimEnd().split('\n').length).toBeLessThanOrEqual(25);
  });

  test('countersign.yaml loads; its only warning is the any that it explains', async () => {
    const result = await loadConfiguration(example('countersign.yaml'), secrets);
    expect(said(result).map((line) => line.replace(/^.*warning /, 'warning '))).toEqual([
      'warning environment: any: this publisher does not constrain the environment',
    ]);
    expect(result.ok).toBe(true);
  });

  test('policy-tests.yaml passes with countersign.yaml', async () => {
    const argv = ['test', example('policy-tests.yaml'), '--config', example('countersign.yaml')];
    const { code, out } = await countersign(argv, { env: secrets });
    expect(code, out).toBe(0);
    expect(out).toContain('5 tests, all passed.');
  });

  test('countersign.yaml loads with every address from the demo', async () => {
    const env = {
      ...secrets,
      COUNTERSIGN_DEMO: 'true',
      COUNTERSIGN_LISTEN: '127.0.0.1:4000',
      COUNTERSIGN_ADMIN: '127.0.0.1:4001',
      COUNTERSIGN_STORE: 'redis://127.0.0.1:6379/0',
      COUNTERSIGN_GITHUB_ISSUER: 'http://127.0.0.1:4002/github',
      COUNTERSIGN_GITLAB_ISSUER: 'http://127.0.0.1:4002/gitlab',
      COUNTERSIGN_JENKINS_ISSUER: 'http://127.0.0.1:4002/jenkins',
      COUNTERSIGN_NPM_URL: 'http://localhost:4000/',
      COUNTERSIGN_NPM_UPSTREAM: 'http://127.0.0.1:4873',
      COUNTERSIGN_PYPI_URL: 'http://localhost:4000/acme/prod/',
      COUNTERSIGN_PYPI_UPSTREAM: 'http://127.0.0.1:3141/acme/prod',
    };
    const result = await loadConfiguration(example('countersign.yaml'), env);
    expect(said(result).filter((line) => line.includes('error'))).toEqual([]);
    const configuration = result.ok ? result.configuration : undefined;
    expect(configuration?.server.listen.port).toBe(4000);
    expect(configuration?.issuers.get('github')).toMatchObject({ url: 'http://127.0.0.1:4002/github', insecure: true });
    expect(configuration?.registries.get('pypi')?.upstream.href).toBe('http://127.0.0.1:3141/acme/prod/');
  });

  test.each(['minimal.yaml', 'countersign.yaml'])('%s begins with the line that editors look for', (name) => {
    expect(readFileSync(example(name), 'utf8').split('\n', 1)[0]).toBe('# yaml-language-server: $schema=./schema.json');
  });
});
