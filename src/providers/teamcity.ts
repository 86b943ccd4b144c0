// TeamCity with Octopus Deploy's OIDC plug-in (OctopusDeploy/teamcity-oidc-plugin, docs/configuration.md). TeamCity itself
// issues no identity tokens.
import { stringClaim } from '../core/claims.ts';
import type { SnippetFile, SnippetRequest } from '../core/snippet.ts';
import type { Field, Provider } from './provider.ts';
import { scriptLines } from './snippet.ts';
import { field, runOf, text } from './table.ts';

const fields: readonly Field[] = [
  field(
    'build_configuration',
    'anchor',
    text('build_type_external_id'),
    'Id of the build configuration as in its address, for example Acme_Ui_Publish.',
    {
      problem: (value) => (/^[A-Za-z]\w*$/.test(value) ? undefined : 'write the id as in the address, for example Acme_Ui_Publish'),
    },
  ),
  field(
    'project_internal_id',
    'owner',
    text('project_internal_id'),
    'Internal id of the project, for example project12; or any. A project made anew under the same id has another one.',
    {
      required: true,
      what: 'project id',
    },
  ),
  field(
    'build_configuration_internal_id',
    'repository',
    text('build_type_internal_id'),
    'Internal id of the build configuration, for example bt12.',
    {
      what: 'build configuration id',
    },
  ),
  field(
    'branch',
    'ref',
    text('branch'),
    'Branch as TeamCity calls it, a pattern, or any (then also builds without one). The default branch is refs/heads/<name>, others as the branch specification says.',
    {
      compare: 'pattern',
      required: true,
      what: 'branches',
    },
  ),
];

const person = 'a person may start it as a personal build, with changes that are in no repository.';

export const teamcity: Provider = {
  id: 'teamcity',
  title: 'TeamCity',
  issuers: [],
  issuerForm: "the server's root URL, or what overrides it under Administration, OIDC / JWT",
  claims: {
    required: [
      'iss',
      'aud',
      'exp',
      'iat',
      'nbf',
      'jti',
      'sub',
      'build_type_external_id',
      'build_type_internal_id',
      'project_internal_id',
      'trigger_type',
    ],
    checked: ['branch'],
    unchecked: ['project_external_id'],
    weak: ['aud', 'branch', 'trigger_type'],
  },
  anchor: ['build_configuration'],
  fields,
  events: {
    claim: 'trigger_type',
    byDefault: ['vcsTrigger'],
    risky: { user: person, snapshotDependency: 'whoever can start the build that depends on it starts it.' },
    never: {},
  },
  algorithms: ['RS256', 'RS384', 'ES256'],
  maxAge: 60 * 60,
  fresh: false,
  jti: true,
  audience: 'settings',
  audienceHint: (audience) => `Set \`Audience\` of the build feature "OIDC Identity Token" to ${audience}.`,
  tags: false,
  snippet: { files: (request) => [buildStep(request)] },
  anchorText: (claims) => stringClaim(claims, 'build_type_external_id') ?? 'this build configuration',
  run: (claims) => runOf(stringClaim(claims, 'build_type_external_id') ?? '', { workflow: stringClaim(claims, 'branch') }),
};

/** TeamCity fills in its parameters wherever it sees `%name%`; `%%` is one `%` for the shell. */
function buildStep({ script }: SnippetRequest): SnippetFile {
  const assigned = '%jwt.token%';
  const lines = scriptLines(script, { assign: ({ variable }) => [`${variable}='${assigned}'`] });
  const text = [
    '#!/bin/sh',
    `# Build feature: OIDC Identity Token${script.token === undefined ? '' : `, audience ${script.token.audience}`}. The agent needs ${script.toolchain === 'node' ? 'Node 24' : 'Python 3'} and curl.`,
    'set -eu',
    ...lines.map((line) =>
      line
        .split(assigned)
        .map((part) => part.replaceAll('%', '%%'))
        .join(assigned),
    ),
  ];
  return { path: 'build step "Command Line"', language: 'shell', text: `${text.join('\n')}\n` };
}
