// Kubernetes: projected tokens of service accounts, and so Tekton, Argo Workflows and whatever else runs in pods. Claims:
// Kubernetes docs, "Managing Service Accounts" (bound tokens) and "Configure Service Accounts for Pods".
import type { VerifiedClaims } from '../core/claims.ts';
import { indent, yamlText } from '../core/shell.ts';
import type { SnippetFile, SnippetRequest } from '../core/snippet.ts';
import type { Field, Provider } from './provider.ts';
import { images, scriptLines, statedOf } from './snippet.ts';
import { field, runOf, text, uuid, uuidProblem } from './table.ts';

const namespace = text('kubernetes.io', 'namespace');
const account = text('kubernetes.io', 'serviceaccount', 'name');
const pod = text('kubernetes.io', 'pod', 'name');

const name = (value: string): string | undefined =>
  /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/.test(value) ? undefined : 'a name in Kubernetes has lower-case letters, digits, "-" and "."';

const fields: readonly Field[] = [
  field('namespace', 'anchor', namespace, 'Namespace of the service account (`kubernetes.io.namespace`).', { problem: name }),
  field('service_account', 'anchor', account, 'Name of the service account (`kubernetes.io.serviceaccount.name`).', { problem: name }),
  field(
    'service_account_uid',
    'owner',
    uuid('kubernetes.io', 'serviceaccount', 'uid'),
    'UID of the service account: `kubectl get serviceaccount <name> -o jsonpath={.metadata.uid}`; or any. One that was deleted and recreated has another.',
    { required: true, what: 'service account UID', problem: uuidProblem },
  ),
];

function workload(claims: VerifiedClaims): string {
  return `${namespace(claims) ?? ''}/${account(claims) ?? ''}`;
}

export const kubernetes: Provider = {
  id: 'kubernetes',
  title: 'Kubernetes',
  issuers: [],
  issuerForm: "the cluster's issuer: `kubectl get --raw /.well-known/openid-configuration`",
  claims: {
    required: ['iss', 'aud', 'exp', 'iat', 'nbf', 'sub', 'kubernetes.io'],
    checked: [],
    // Since Kubernetes 1.30 or so.
    unchecked: ['jti'],
    weak: ['aud'],
  },
  anchor: ['namespace', 'service_account'],
  fields,
  algorithms: ['RS256'],
  maxAge: 60 * 60,
  // A pod reads the same token from its file until the kubelet renews it.
  fresh: false,
  jti: false,
  audience: 'job',
  audienceHint: (audience) => `Set \`audience: ${audience}\` in the pod's serviceAccountToken volume.`,
  tags: false,
  snippet: { files: (request) => [jobManifest(request)] },
  anchorText: workload,
  run: (claims) => runOf(workload(claims), { workflow: pod(claims) }),
};

const folder = '/var/run/secrets/countersign';

function jobManifest({ from, publisher, script }: SnippetRequest): SnippetFile {
  const lines = scriptLines(script, { assign: ({ variable }) => [`${variable}=$(cat ${folder}/token)`] });
  const text = [
    '# A Job; the volume and the mount are the same in the pod of a Tekton task or an Argo workflow.',
    'apiVersion: batch/v1',
    'kind: Job',
    'metadata:',
    `  generateName: ${yamlText(`${publisher.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}-`)}`,
    `  namespace: ${yamlText(statedOf(from, 'namespace') ?? '')}`,
    'spec:',
    '  backoffLimit: 0',
    '  template:',
    '    spec:',
    `      serviceAccountName: ${yamlText(statedOf(from, 'service_account') ?? '')}`,
    '      automountServiceAccountToken: false',
    '      restartPolicy: Never',
    '      containers:',
    '        - name: publish',
    `          image: ${images[script.toolchain]}`,
    '          # The sources, for example from an init container.',
    '          workingDir: /src',
    '          command: [sh, -euc]',
    '          args:',
    '            - |',
    ...indent(lines, 14),
    '          volumeMounts:',
    '            - name: countersign',
    `              mountPath: ${folder}`,
    '              readOnly: true',
    '      volumes:',
    '        - name: countersign',
    '          projected:',
    '            sources:',
    '              - serviceAccountToken:',
    '                  path: token',
    `                  audience: ${yamlText(script.token?.audience ?? '')}`,
    '                  expirationSeconds: 600',
  ];
  return { path: 'publish-job.yaml', language: 'yaml', text: `${text.join('\n')}\n` };
}
