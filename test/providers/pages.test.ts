// docs/ci has a page for each provider, whose tables and CI files are made from the code; `npx vitest run test/providers/pages.test.ts -u`
// writes them anew.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { snippetFor } from '../../src/cli/snippet.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { loadConfiguration } from '../../src/config/load.ts';
import { assumeVerified } from '../../src/core/claims.ts';
import { providers, type Provider } from '../../src/providers/index.ts';
import { filledIn, pagePath } from '../cli/generated-docs.ts';
import { tempDir } from '../support/temp.ts';
import { fixtures } from './claims.ts';
import { claims, facts, fenced, index, pageOf, policyOf } from './pages.ts';

const paged = providers.filter((provider) => provider.freeClaims !== true);
const dir = tempDir('pages');

async function configurationOf(provider: Provider): Promise<Configuration> {
  const file = join(dir, `${provider.id}.yaml`);
  writeFileSync(file, policyOf(readFileSync(pagePath(`ci/${pageOf(provider)}`), 'utf8')), { mode: 0o600 });
  const loaded = await loadConfiguration(file, { VERDACCIO_TOKEN: 'x', DEVPI_PASSWORD: 'x' });
  if (!loaded.ok) throw new Error(loaded.diagnostics.map(({ message }) => message).join('; '));
  return loaded.configuration;
}

test.each(paged.map((provider) => [provider.id, provider] as const))(
  'docs/ci/%s.md says what the table of its provider says',
  async (id, provider) => {
    const configuration = await configurationOf(provider);
    const snippet = (registry: string): string =>
      fenced(snippetFor(configuration, configuration.publishers[0]!, configuration.registries.get(registry)!).files);
    const jobs = provider.snippet === undefined ? {} : { npm: snippet('npm'), python: snippet('pypi') };
    await expect(filledIn(`ci/${id}.md`, { facts: facts(provider), claims: claims(provider), ...jobs })).toMatchFileSnapshot(
      pagePath(`ci/${id}.md`),
    );
  },
);

test.each(paged.map((provider) => [provider.id, provider] as const))(
  'the publisher in docs/ci/%s.md takes a token as the CI documents it',
  async (id, provider) => {
    const { publishers, issuers } = await configurationOf(provider);
    const [publisher] = publishers;
    expect(issuers.get(publisher!.issuer)?.provider.id).toBe(id);
    expect(issuers.get(publisher!.issuer)?.url).toBe(fixtures[id]!['iss']);
    expect(publisher!.check(assumeVerified(publisher!.issuer, fixtures[id]!)).filter((check) => !check.ok)).toEqual([]);
  },
);

test('docs/ci/index.md lists every provider, and says what could not be confirmed', async () => {
  await expect(filledIn('ci/index.md', { providers: index(providers) })).toMatchFileSnapshot(pagePath('ci/index.md'));
});

test('the README lists every CI', async () => {
  const rows = providers.map((provider) => {
    const [first] = provider.issuers;
    const where =
      provider.freeClaims === true
        ? 'by `sub` or claims that you name'
        : first === undefined
          ? 'each has an issuer of its own'
          : 'hosted, by name';
    return `| [${provider.freeClaims === true ? 'any other OIDC issuer' : provider.title}](docs/ci/${pageOf(provider)}) | ${where} | ${provider.freeClaims === true ? '' : provider.unconfirmed === undefined ? 'confirmed' : 'unconfirmed in part'} |`;
  });
  const table = ['| CI | issuer | claims |', '|---|---|---|', ...rows].join('\n');
  await expect(filledIn('../README.md', { cis: table })).toMatchFileSnapshot(pagePath('../README.md'));
});
