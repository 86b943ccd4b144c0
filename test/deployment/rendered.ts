// The chart and the plain manifests as Kubernetes gets them.
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments, stringify } from 'yaml';
import { requires, ROOT } from '../support/components.ts';
import { plainEnv } from '../support/process.ts';
import { tempDir } from '../support/temp.ts';

const run = promisify(execFile);
const CHART = join(ROOT, 'deploy/helm/countersign');

/** Labels by which pods are chosen. */
export type Labels = Readonly<Record<string, string>>;

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly unknown[];
  readonly envFrom?: readonly unknown[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly resources?: { readonly requests?: Labels; readonly limits?: Labels };
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly subPath?: string;
    readonly readOnly?: boolean;
  }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly [probe: `${string}Probe`]: Readonly<Record<string, { readonly path?: string; readonly port: string }>>;
}

export interface Pod {
  readonly automountServiceAccountToken?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly topologySpreadConstraints?: readonly unknown[];
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
}

/** A NetworkPolicyPeer. */
export interface Peer {
  readonly podSelector?: { readonly matchLabels?: Labels };
  readonly namespaceSelector?: { readonly matchLabels?: Labels };
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

export interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly port: string | number; readonly protocol?: string }[];
}

/** A Kubernetes object, with as much of its shape as the tests look at. */
export interface KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels; readonly annotations?: Labels };
  readonly data?: Labels;
  readonly spec?: {
    readonly replicas?: number;
    readonly maxUnavailable?: number;
    readonly selector?: Labels & { readonly matchLabels?: Labels };
    readonly template?: { readonly metadata: { readonly labels?: Labels; readonly annotations?: Labels }; readonly spec: Pod };
    readonly podSelector?: { readonly matchLabels?: Labels };
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
    readonly ports?: readonly { readonly targetPort: string }[];
  };
}

export interface Rendered {
  /** The stream of documents, as it is given to `kubectl apply`. */
  readonly text: string;
  readonly objects: readonly KubernetesObject[];
  /** The only object of this kind and name; throws when there is none or several. */
  one(kind: string, name: string): KubernetesObject;
}

/** A policy for the chart: what `--set-file policy=…` is given. */
export const POLICY = `issuers:
  github: {}
registries:
  npm:
    protocol: npm
    url: https://npm.acme.example/
    upstream: http://verdaccio:4873/
    credential: { basic: { username: svc, password_file: /run/secrets/countersign/verdaccio } }
publishers:
  # The owner's number has to survive as it is: 123456789012 and not 1.23456789012e+11.
  - name: ui-release
    from:
      issuer: github
      repository: acme/ui
      repository_owner_id: 123456789012
      repository_id: 4711
      workflow: release.yml
      environment: production
      ref: refs/tags/v*
    publish:
      npm: ["@acme/ui"]
    tag: "v{{version}}"
`;

/** `helm template countersign` with these values. Rejects with what Helm says. */
export async function helm(values: object): Promise<Rendered> {
  return rendered(await withChart(['template', 'countersign'], values));
}

/** What `helm lint --strict` says. */
export function lint(values: object): Promise<string> {
  return withChart(['lint', '--strict'], values);
}

async function withChart(command: readonly string[], values: object): Promise<string> {
  const folder = tempDir('helm');
  const file = join(folder, 'values.yaml');
  writeFileSync(file, stringify({ image: { repository: 'registry.acme.example/countersign' }, policy: POLICY, ...values }));
  // Helm keeps caches and looks for a cluster's address in the home folder.
  const env = plainEnv({ HOME: folder });
  const args = [...command, CHART, '--namespace', 'countersign', '--values', file];
  const { stdout } = await run(requires('helm'), args, { env }).catch(explain);
  return stdout;
}

/** `kustomize build` of a folder, deploy/kubernetes unless said. */
export async function kustomize(folder = join(ROOT, 'deploy/kubernetes')): Promise<Rendered> {
  const { stdout } = await run(requires('kustomize'), ['build', folder], { env: plainEnv() }).catch(explain);
  return rendered(stdout);
}

/** Validates the documents against the schemas of one version of Kubernetes; rejects with what is wrong. */
export async function validate({ text }: Rendered, version: string): Promise<string> {
  const file = join(tempDir('validate'), 'all.yaml');
  writeFileSync(file, text);
  const args = ['--kubernetes-version', version, '--strict', file];
  const { stdout, stderr } = await run(requires('kubernetes-validate'), args, { env: plainEnv() }).catch(explain);
  return stdout + stderr;
}

/** Writes a folder as the kubelet mounts a ConfigMap or Secret: files are links into `..data`, which is a link that is replaced. */
export function mount(folder: string, revision: number, files: Readonly<Record<string, string>>): string {
  const data = join(folder, `..revision_${revision}`);
  mkdirSync(data, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(data, name), content);
  return data;
}

function rendered(text: string): Rendered {
  const documents = parseAllDocuments(text).filter((document) => document.contents !== null);
  for (const { errors } of documents) if (errors[0] !== undefined) throw errors[0];
  const objects = documents.map((document) => document.toJS() as KubernetesObject);
  return {
    text,
    objects,
    one(kind, name) {
      const [first, second] = objects.filter((object) => object.kind === kind && object.metadata.name === name);
      if (first === undefined || second !== undefined) throw new Error(`not exactly one ${kind} ${name}`);
      return first;
    },
  };
}

function explain(error: Error & { stderr?: string; stdout?: string }): never {
  throw new Error(`${error.stdout ?? ''}${error.stderr ?? error.message}`);
}
