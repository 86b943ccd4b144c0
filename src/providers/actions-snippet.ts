// Workflow files for GitHub Actions and the CIs that read the same files.
import { indent, yamlList, yamlText } from '../core/shell.ts';
import type { SnippetFile, SnippetRequest, TokenNeed, Toolchain } from '../core/snippet.ts';
import { jsonValue, publishLines, refLines, refsOf, statedOf, type Delivery } from './snippet.ts';

/** In what these CIs differ. */
export interface Flavour {
  /** Folder of the workflow files. */
  readonly folder: string;
  readonly runsOn: string;
  /** Keys of the job that give it identity tokens, and nothing more than it needs. */
  readonly rights: readonly string[];
  /** An action as it is named there, pinned where that can be. */
  readonly uses: (action: string) => string;
}

/** Actions by the commit that their version was when this was written; each was seen in several independent sources. */
const pins: Readonly<Record<string, string>> = {
  'actions/checkout': 'de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2',
  'actions/setup-node': '48b55a011bda9f5d6aeb4c2d9c7362e8dae4041e # v6.4.0',
  'actions/setup-python': 'a309ff8b426b58ec0e2a45f0f869d46889d02405 # v6.2.0',
  'pypa/gh-action-pypi-publish': 'cef221092ed1bacb1cc03d23a2d87d1d172e277b # v1.14.0',
};

export function pinned(action: string): string {
  return `${action}@${pins[action] ?? ''}`;
}

/** The request of a job for a token of its own (`ACTIONS_ID_TOKEN_REQUEST_URL`). */
const requested: Delivery = {
  assign: ({ variable, audience }: TokenNeed, toolchain: Toolchain) => [
    'answer=$(curl --fail-with-body --silent --show-error --header "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\',
    `  "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=${encodeURIComponent(audience)}")`,
    `${variable}=$(printf %s "$answer" | ${jsonValue(toolchain, 'value')})`,
  ],
  mask: (variable) => [`echo "::add-mask::$${variable}"`],
};

/** The caller's workflow and, where the publisher names one, the reusable workflow that it calls. */
export function workflowFiles(request: SnippetRequest, flavour: Flavour): SnippetFile[] {
  const { from } = request;
  const called = calledOf(statedOf(from, 'called_workflow'));
  const path = `${flavour.folder}/${statedOf(from, 'workflow') ?? 'release.yml'}`;
  const head = ['name: Publish', ...triggerLines(request), '', 'permissions: {}', '', 'jobs:', '  publish:'];
  const job = indent(jobLines(request, flavour), 4);
  if (called === undefined) return [file(path, [...head, ...job])];
  const caller = indent([...flavour.rights, `uses: ${called.uses}`], 4);
  const body = ['name: Publish', 'on:', '  workflow_call:', '', 'permissions: {}', '', 'jobs:', '  publish:', ...job];
  return [file(path, [...head, ...caller]), file(called.path, body)];
}

function file(path: string, lines: readonly string[]): SnippetFile {
  return { path, language: 'yaml', text: `${lines.join('\n')}\n` };
}

/** `acme/ci/.github/workflows/publish.yml@refs/tags/v2`: how a job calls it, and where it is kept. */
function calledOf(stated: string | undefined): { readonly uses: string; readonly path: string } | undefined {
  const [, repository, path, ref] = /^([^/]+\/[^/]+)\/(.+)@(.+)$/.exec(stated ?? '') ?? [];
  if (repository === undefined || path === undefined || ref === undefined) return undefined;
  const name = ref.replace(/^refs\/(?:tags|heads)\//, '').replaceAll(/\*+/g, '1');
  return { uses: yamlText(`${repository}/${path}@${name}`), path: `${path} in ${repository} at ${name}` };
}

/** Of what may start a run, a push where it may. */
function triggerLines({ from }: SnippetRequest): string[] {
  const events = from.events ?? ['push'];
  if (events.includes('push')) return ['on:', '  push:', ...indent(refLines(refsOf(from)), 4)];
  if (events.includes('release')) return ['on:', '  release:', '    types: [published]'];
  if (events.includes('schedule')) return ['on:', '  schedule:', '    - cron: "0 6 * * 1"'];
  return [`on: ${yamlList(events)}`];
}

function jobLines({ from, script }: SnippetRequest, flavour: Flavour): string[] {
  const environment = statedOf(from, 'environment');
  const selfHosted = statedOf(from, 'runner_environment') === 'self-hosted';
  const [setup, version] =
    script.toolchain === 'node' ? ['actions/setup-node', 'node-version: 24'] : ['actions/setup-python', 'python-version: "3.13"'];
  const lines = publishLines(script, requested);
  return [
    `runs-on: ${selfHosted ? 'self-hosted' : flavour.runsOn}`,
    ...(environment === undefined ? [] : [`environment: ${yamlText(environment)}`]),
    ...flavour.rights,
    'steps:',
    `  - uses: ${flavour.uses('actions/checkout')}`,
    '    with:',
    '      persist-credentials: false',
    `  - uses: ${flavour.uses(setup)}`,
    '    with:',
    `      ${version}`,
    '  - name: Build',
    '    run: |',
    ...indent(script.build, 6),
    ...(script.action === undefined
      ? ['  - name: Publish', '    run: |', ...indent(lines, 6)]
      : [
          `  - uses: ${flavour.uses(script.action.name)}`,
          '    with:',
          ...Object.entries(script.action.with).map(([key, value]) => `      ${key}: ${yamlText(value)}`),
        ]),
  ];
}
