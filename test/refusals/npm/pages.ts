// The pages of the npm-side clients.
import type { RefusalCode } from '../../../src/core/refusal.ts';
import type { NpmClient } from '../../support/clients.ts';
import { filled, type Page, type PageOf, type Recorded } from '../page.ts';
import { npmVersion } from '../versions.ts';
import { impossible, scenarios } from './scenarios.ts';

const retries = 'All runs have `fetch-retries=0`, so that nobody waits for second tries.';

const pages: readonly PageOf<NpmClient>[] = [
  {
    file: 'npm',
    title: 'npm',
    versions: [npmVersion('npm-12', 'npm'), npmVersion('npm-11.19', 'npm'), npmVersion('npm-11.5', 'npm')],
    clients: ['npm-12', 'npm-11.19', 'npm-11.5'],
    intro:
      'npm hides the answer to an exchange, but prints the header `npm-notice` that Countersign sends with every refusal: ' +
      `the line that begins with \`npm notice\` is the one to read. What it says of the package that it packs is left out here. ${retries}`,
    instead:
      'Run it again with `--loglevel verbose`, which prints the answer; the code in it is explained in [the reference](../refusals.md).',
  },
  {
    file: 'pnpm',
    title: 'pnpm',
    versions: [npmVersion('pnpm-12', 'pnpm'), npmVersion('pnpm-11', 'pnpm')],
    clients: ['pnpm-12', 'pnpm-11'],
    intro:
      'pnpm warns when an exchange is refused, and then sends the upload without a token all the same: ' +
      'what it prints last is the refusal of that upload, which repeats the first. The lines of its own code are left out here.',
    instead: 'Run `countersign doctor` in the same job, which exchanges on trial and prints the answer.',
  },
  {
    file: 'yarn',
    title: 'Yarn',
    versions: [npmVersion('yarn-4', 'Yarn')],
    clients: ['yarn-4'],
    intro:
      'Yarn says nothing at all about an exchange that is refused: it goes on as if there had been none, finds no token and stops. ' +
      '`No authentication configured for request` therefore means: look at the audit log of the proxy, or run `countersign mint` in the same job, which shows the refusal.',
    instead:
      'Run `countersign mint` or `countersign doctor` in the same job: both print the answer. An administrator finds it with `countersign audit --outcome refused`.',
  },
];

/** Every page, with what was recorded. */
export function npmPages(recorded: Recorded<NpmClient>): Page[] {
  return pages.map((page) => filled(page, recorded, (code, client) => impossible[code] ?? cannot(code, client)));
}

function cannot(code: RefusalCode, client: NpmClient): string | undefined {
  return scenarios.find((scenario) => scenario.code === code)?.cannot?.[client];
}
