// Kubernetes: projected tokens of service accounts, and so Tekton, Argo Workflows and whatever else runs in pods. Claims:
// Kubernetes docs, "Managing Service Accounts" (bound tokens) and "Configure Service Accounts for Pods".
import type { VerifiedClaims } from '../core/claims.ts';
import type { Field, Provider } from './provider.ts';
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
  anchorText: workload,
  run: (claims) => runOf(workload(claims), { workflow: pod(claims) }),
};
