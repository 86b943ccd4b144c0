// The pages of the Python clients.
import type { RefusalCode } from '../../../src/core/refusal.ts';
import { filled, type Page, type PageOf, type Recorded } from '../page.ts';
import { pythonVersion } from '../versions.ts';
import { impossible } from './impossible.ts';
import { scenarios } from './scenarios.ts';
import type { PypiClient } from './scene.ts';

const pages: readonly PageOf<PypiClient>[] = [
  {
    file: 'uv',
    title: 'uv',
    versions: [pythonVersion('uv')],
    clients: ['uv'],
    instead: 'Run it again with `--verbose`, which prints the answer.',
    intro:
      '`uv publish --trusted-publishing always`: it shows the answer to an exchange and the claims of the identity token. ' +
      'Without `always` it goes on to ask for a user name when the exchange is refused.',
  },
  {
    file: 'pdm',
    title: 'pdm',
    versions: [pythonVersion('pdm')],
    clients: ['pdm'],
    instead:
      'For an exchange, run `countersign mint` in the same job, which shows the refusal; for an upload, give the file to twine or uv. An administrator finds it with `countersign audit --outcome refused`.',
    intro: '`pdm publish`: it tries an exchange by itself where the CI offers identity tokens.',
  },
  {
    file: 'maturin',
    title: 'maturin',
    versions: [pythonVersion('maturin')],
    clients: ['maturin'],
    instead:
      'For an exchange, run `countersign mint` in the same job, which shows the refusal; for an upload, give the file to twine or uv. An administrator finds it with `countersign audit --outcome refused`.',
    intro: '`maturin upload`: it tries an exchange by itself where the CI offers identity tokens.',
  },
  {
    file: 'twine',
    title: 'twine',
    versions: [pythonVersion('twine')],
    clients: ['twine'],
    instead: 'Run it again with `--verbose`, which prints the whole answer with the request id: `countersign explain --request` takes it.',
    intro:
      'twine has no exchange of its own: it is given an upload token, of `countersign mint` or of gh-action-pypi-publish. ' +
      'It shows the reason phrase of the answer, in which Countersign puts the refusal.',
  },
  {
    file: 'countersign-mint',
    title: '`countersign mint`',
    versions: ['countersign mint'],
    clients: ['mint'],
    instead: '`countersign doctor` in the same job looks at everything that is needed for an exchange.',
    intro: 'The command of this project that exchanges an identity token, for twine and for whatever else cannot do it itself.',
  },
  {
    file: 'gh-action-pypi-publish',
    title: 'gh-action-pypi-publish',
    versions: ['gh-action-pypi-publish'],
    clients: ['action'],
    instead: 'Run `countersign mint` in the same job, which shows the refusal.',
    intro:
      'The action is a container image and cannot be run here. What stands on this page was printed by a script of the tests that makes the same requests, ' +
      'as its documentation describes them, and prints code and description of every error. The action prints these two as well, in words of its own around them, ' +
      'and a list of the claims of the identity token.',
  },
  {
    file: 'curl',
    title: 'curl',
    versions: ['curl'],
    clients: ['curl'],
    instead: 'Run it again with `--fail-with-body` or `--include`, which show the answer.',
    intro:
      'curl with `--fail-with-body`: an exchange as RFC 8693 has it (`/-/oidc/token`), which `countersign snippet` writes for clients that cannot exchange, ' +
      'and then the form of an upload. It sends what somebody wrote, so it meets refusals that no other client does.',
  },
];

/** Every page, with what was recorded. */
export function pypiPages(recorded: Recorded<PypiClient>): Page[] {
  return pages.map((page) => filled(page, recorded, cannot));
}

function cannot(code: RefusalCode, client: PypiClient): string | undefined {
  const scenario = scenarios.find((each) => each.code === code);
  return scenario === undefined ? impossible[code] : scenario.cannot?.[client];
}
