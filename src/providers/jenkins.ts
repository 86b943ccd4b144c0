// Jenkins with the OpenID Connect Provider plug-in (README and source of jenkinsci/oidc-provider-plugin). Use a version newer
// than 96.vee8ed882ec4d: before, a build could override the variables that claims are made from (CVE-2025-47884).
import { stringClaim } from '../core/claims.ts';
import { indent } from '../core/shell.ts';
import type { SnippetFile, SnippetRequest } from '../core/snippet.ts';
import type { Field, Provider } from './provider.ts';
import { images, publishLines, statedOf } from './snippet.ts';
import { derived, field, runOf, shown } from './table.ts';

// The default template of `sub` is the address of the job, and nothing else in a token says which job it is. Other claims are
// templates of the administrator's over variables that a build can change: none of them is read.
const job = derived(['sub'], (claims) => {
  const url = stringClaim(claims, 'sub');
  return url !== undefined && /^https?:\/\/[^\s?#]+\/job\/[^/\s?#]+\/$/.test(url) ? url : undefined;
});

/** The last segment of the address: in a multibranch project the branch, percent-encoded twice. */
const branch = derived(['sub'], (claims) => {
  const last = job(claims)?.split('/').at(-2);
  try {
    return last === undefined ? undefined : decodeURIComponent(decodeURIComponent(last));
  } catch {
    return undefined;
  }
});

/** The project of which the job is a branch. */
const project = derived(['sub'], (claims) => {
  const parent = job(claims)?.replace(/job\/[^/]+\/$/, '');
  return parent !== undefined && parent.includes('/job/') ? parent : undefined;
});

const fields: readonly Field[] = [
  field(
    'job',
    'anchor',
    job,
    'Address of the job, for example https://ci.acme.example/job/acme/job/ui/; of a multibranch project, that of the project.',
    {
      alternative: project,
      problem: (value) =>
        /^https?:\/\/[^\s?#]+\/job\/[^/\s?#]+\/$/.test(value)
          ? undefined
          : 'write the address of the job as Jenkins shows it, with its last slash',
    },
  ),
  field(
    'branch',
    'ref',
    branch,
    'Branch of a multibranch project (tags look the same), a pattern; or any: then also that of a job without branches.',
    {
      compare: 'pattern',
      required: true,
      what: 'branches',
    },
  ),
  // A multibranch project builds pull requests, also those of forks, in jobs of this name.
  field(
    'pull_requests',
    'ref',
    derived(['sub'], (claims) => {
      const name = branch(claims);
      return name === undefined ? undefined : String(/^(?:PR|MR)-[0-9]+(?:-(?:head|merge))?$/.test(name));
    }),
    'false (the default): no job that is called PR-<number>, as pull requests are. any: also those.',
    { flag: true, code: 'publisher-claim', absent: () => 'false' },
  ),
];

export const jenkins: Provider = {
  id: 'jenkins',
  title: 'Jenkins',
  issuers: [],
  issuerForm: '`https://<jenkins>/oidc`',
  claims: {
    required: ['iss', 'aud', 'exp', 'iat', 'sub'],
    checked: [],
    unchecked: ['build_number'],
    weak: ['aud', 'build_number'],
  },
  anchor: ['job'],
  fields,
  algorithms: ['RS256'],
  maxAge: 60 * 60,
  fresh: false,
  jti: false,
  audience: 'settings',
  audienceHint: (audience) => `Set \`Audience\` of the OpenID Connect token credential to ${audience}.`,
  tags: false,
  snippet: { files: (request) => [jenkinsfile(request)] },
  anchorText: (claims) => job(claims) ?? 'this job',
  run: (claims) => {
    const url = job(claims);
    const number = shown(claims, 'build_number');
    return runOf(url ?? '', {
      workflow: branch(claims),
      run: number,
      runUrl: url === undefined || number === undefined ? undefined : `${url}${number}/`,
    });
  },
};

/** A text of Groovy in which nothing is filled in. */
function groovyText(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}

/** A step that runs lines of shell. Jenkins prints what it runs, with all that is filled in, unless told otherwise. */
function shellStep(lines: readonly string[], spaces: number): string[] {
  const path = 'export PATH="$HOME/.local/bin:$PATH" NPM_CONFIG_PREFIX="$HOME/.local"';
  const escaped = ['set +x', path, ...lines].map((line) =>
    line.replaceAll(/\\|''/g, (part) => (part === '\\' ? String.raw`\\` : String.raw`\'\'`)),
  );
  return indent(["sh '''", ...indent(escaped, 2), "'''"], spaces);
}

function jenkinsfile({ from, publisher, script }: SnippetRequest): SnippetFile {
  const token = script.token?.variable ?? 'COUNTERSIGN_ID_TOKEN';
  const glob = statedOf(from, 'branch');
  const text = [
    'pipeline {',
    `  agent { docker { image ${groovyText(images[script.toolchain])} } }`,
    '  // The user of the agent has no home in the image.',
    '  environment { HOME = "${env.WORKSPACE_TMP}" }',
    '  stages {',
    "    stage('Publish') {",
    ...(glob === undefined ? [] : [`      when { branch pattern: ${groovyText(glob)}, comparator: 'GLOB' }`]),
    '      steps {',
    ...shellStep(script.build, 8),
    `        // An "OpenID Connect id token" credential with the audience ${script.audience}.`,
    `        withCredentials([string(credentialsId: ${groovyText(`countersign-${publisher}`)}, variable: ${groovyText(token)})]) {`,
    ...shellStep(publishLines(script, { assign: () => [] }), 10),
    '        }',
    '      }',
    '    }',
    '  }',
    '}',
  ];
  return { path: 'Jenkinsfile', language: 'groovy', text: `${text.join('\n')}\n` };
}
