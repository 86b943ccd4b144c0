// Ten policies with one mistake each, as people made them.
import type { Shown } from './case.ts';

export interface BrokenPolicy extends Shown {
  /** What stands in the good policy, and what instead. */
  readonly change: readonly [from: string, to: string];
  /** 3: it does not load. 0: it loads, with a warning. */
  readonly code: 0 | 3;
}

/** A policy without an error and without a warning. */
export const goodPolicy = `issuers:
  github: {}
  gitlab-corp:
    provider: gitlab
    issuer: https://gitlab.corp.example

registries:
  npm:
    protocol: npm
    url: https://npm.acme.example/
    upstream: http://verdaccio:4873/
    credential: { bearer: "\${VERDACCIO_TOKEN}" }

publishers:
  - name: ui-release
    from:
      issuer: github
      repository: acme/ui
      repository_owner_id: 12
      repository_id: 4711
      workflow: release.yml
      environment: production
      ref: refs/tags/v*
    tag: "v{{version}}"
    publish:
      npm: ["@acme/ui"]
`;

export const brokenPolicies: readonly BrokenPolicy[] = [
  {
    title: 'The workflow with its path',
    met: 'B1 1',
    change: ['workflow: release.yml', 'workflow: .github/workflows/release.yml'],
    wrong: 'workflow: .github/workflows/release.yml',
    language: 'yaml',
    code: 3,
    cause: /workflow: write the file name only/,
    cure: /for example release\.yml/,
  },
  {
    title: 'A misspelt key',
    met: 'B1 2',
    change: ['environment: production', 'enviroment: production'],
    wrong: 'enviroment: production',
    language: 'yaml',
    code: 3,
    cause: /unknown key "enviroment"/,
    cure: /did you mean "environment"\?/,
  },
  {
    title: 'No environment, where PyPI would not ask for one',
    met: 'B1 2',
    change: ['      environment: production\n', ''],
    wrong: 'from:\n  issuer: github\n  repository: acme/ui\n  repository_owner_id: 12\n  workflow: release.yml\n  ref: refs/tags/v*',
    language: 'yaml',
    code: 3,
    cause: /missing key "environment": every GitHub Actions publisher has to state it/,
    cure: /write environment: any to have no constraint/,
  },
  {
    title: 'A star in a field that is compared exactly',
    met: 'B1 16',
    change: ['workflow: release.yml', 'workflow: release-*.yml'],
    wrong: 'workflow: release-*.yml',
    language: 'yaml',
    code: 3,
    cause: /"\*" is not a pattern here, it is compared exactly and never matches/,
    cure: /patterns are possible in called_workflow, ref/,
  },
  {
    title: 'A tag where a ref belongs',
    met: 'more',
    change: ['ref: refs/tags/v*', 'ref: v*'],
    wrong: 'ref: v*',
    language: 'yaml',
    code: 3,
    cause: /ref: write the full ref/,
    cure: /for example refs\/tags\/v\*/,
  },
  {
    title: 'A ref that no run is ever on',
    met: 'B1 16',
    change: ['ref: refs/tags/v*', 'ref: refs/tag/v*'],
    wrong: 'ref: refs/tag/v*',
    language: 'yaml',
    code: 0,
    cause: /no run is ever on "refs\/tag\/v\*"/,
    cure: /did you mean refs\/tags\/v\*\?/,
  },
  {
    title: 'The subject, as other services ask for it',
    met: 'B1 8',
    change: ['      repository: acme/ui\n', '      subject: repo:acme/ui:environment:production\n'],
    wrong: 'from:\n  issuer: github\n  subject: repo:acme/ui:environment:production',
    language: 'yaml',
    code: 3,
    cause: /unknown key "subject"/,
    cure: /missing key "repository"[^]*GitHub Actions has claims of its own/,
  },
  {
    title: 'A self-managed GitLab by the name of the hosted one',
    met: 'B1 12',
    change: ['issuer: github\n', 'issuer: gitlab\n'],
    wrong:
      'issuers:\n  gitlab-corp: { provider: gitlab, issuer: https://gitlab.corp.example }\n# under publishers:\nfrom: { issuer: gitlab }',
    language: 'yaml',
    code: 3,
    cause: /unknown issuer "gitlab"/,
    cure: /under issuers: github, gitlab-corp/,
  },
  {
    title: 'An event whose runs execute code of strangers',
    met: 'more',
    change: ['      ref: refs/tags/v*\n', '      ref: refs/tags/v*\n      events: [push, pull_request_target]\n'],
    wrong: 'events: [push, pull_request_target]',
    language: 'yaml',
    code: 3,
    cause: /pull_request_target can never publish: they can run a stranger's code/,
    cure: /use push, release or workflow_dispatch/,
  },
  {
    title: 'A variable that is not set',
    met: 'more',
    change: ['VERDACCIO_TOKEN', 'VERDACIO_TOKEN'],
    wrong: 'credential: { bearer: "${VERDACIO_TOKEN}" }',
    language: 'yaml',
    code: 3,
    cause: /the environment variable VERDACIO_TOKEN is not set/,
    cure: /did you mean "VERDACCIO_TOKEN"\?[^]*= set it, or give it a default/,
  },
];
