// AWS: outbound identity federation (`sts:GetWebIdentityToken`), and so CodeBuild, CodePipeline, EC2, ECS, Lambda. Claims: AWS
// IAM documentation, "Understanding token claims" of outbound identity federation.
import { stringClaim } from '../core/claims.ts';
import { indent, shellWord } from '../core/shell.ts';
import type { SnippetFile, SnippetRequest } from '../core/snippet.ts';
import type { Field, Provider } from './provider.ts';
import { scriptLines } from './snippet.ts';
import { derived, field, runOf, text } from './table.ts';

const details = 'https://sts.amazonaws.com/';
const arn = /^arn:aws[a-z-]*:iam::[0-9]{12}:(?:role|user)\/\S+$/;

/** `sub` is the ARN of whoever asked, which AWS fills in; a caller chooses only `request_tags`, which are not read. */
const principal = derived(['sub'], (claims) => {
  const sub = stringClaim(claims, 'sub');
  return sub !== undefined && arn.test(sub) ? sub : undefined;
});

const fields: readonly Field[] = [
  field('role', 'anchor', principal, 'ARN of the role that asks, for example arn:aws:iam::123456789012:role/ui-release.', {
    problem: (value) => (arn.test(value) ? undefined : 'write the ARN of a role: arn:aws:iam::<account>:role/<name>'),
  }),
  field('organization_id', 'owner', text(details, 'org_id'), 'Id of the AWS organization (`org_id`), for example o-a1b2c3d4e5.', {
    what: 'organization id',
  }),
  field('source_region', 'rest', text(details, 'source_region'), 'Region in which the token was asked for (`source_region`).'),
  field('ec2_instance', 'rest', text(details, 'ec2_source_instance_arn'), 'ARN of the EC2 instance (`ec2_source_instance_arn`).'),
  field(
    'lambda_function',
    'rest',
    text(details, 'lambda_source_function_arn'),
    'ARN of the Lambda function (`lambda_source_function_arn`).',
  ),
];

export const aws: Provider = {
  id: 'aws',
  title: 'AWS',
  issuers: [],
  issuerForm: '`https://<account-uuid>.tokens.sts.global.api.aws` (`aws iam get-outbound-web-identity-federation-info`)',
  claims: {
    required: ['iss', 'aud', 'exp', 'iat', 'jti', 'sub', details],
    checked: [],
    unchecked: ['nbf'],
    weak: ['aud'],
  },
  anchor: ['role'],
  fields,
  algorithms: ['RS256', 'ES384'],
  maxAge: 60 * 60,
  fresh: true,
  jti: true,
  audience: 'job',
  audienceHint: (audience) =>
    `Ask for it: \`aws sts get-web-identity-token --audience "${audience}" --signing-algorithm ES384 --query WebIdentityToken --output text\`.`,
  tags: false,
  snippet: { files: (request) => [buildspec(request)] },
  anchorText: (claims) => principal(claims) ?? 'this principal',
  run: (claims) => runOf(principal(claims) ?? '', {}),
};

/** For CodeBuild; anywhere else the commands are the same. */
function buildspec({ script }: SnippetRequest): SnippetFile {
  const lines = scriptLines(script, {
    assign: ({ variable, audience }) => [
      `${variable}=$(aws sts get-web-identity-token --audience ${shellWord(audience)} --signing-algorithm ES384 \\`,
      '  --duration-seconds 300 --query WebIdentityToken --output text)',
    ],
  });
  const text = [
    'version: 0.2',
    'phases:',
    '  install:',
    '    runtime-versions:',
    `      ${script.toolchain === 'node' ? 'nodejs' : 'python'}: latest`,
    '  build:',
    '    commands:',
    '      - |',
    ...indent(['set -eu', ...lines], 8),
  ];
  return { path: 'buildspec.yml', language: 'yaml', text: `${text.join('\n')}\n` };
}
