// The Helm chart and the plain manifests: valid for Kubernetes, the same as each other, hardened, and nobody goes around the proxy.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfiguration } from '../../src/config/load.ts';
import { plainEnv } from '../support/process.ts';
import { describeWith, requires, ROOT } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';
import { helm, kustomize, lint, POLICY, validate, type KubernetesObject, type Peer, type Pod, type Rendered } from './rendered.ts';

const REGISTRY = { name: 'verdaccio', podLabels: { app: 'verdaccio' }, port: 4873 };
/** What deploy/kubernetes is: the chart with these values. */
const PLAIN = {
  secrets: ['countersign-registries'],
  networkPolicy: { registries: [REGISTRY] },
  ingress: { enabled: true, className: 'nginx', hosts: [{ host: 'npm.acme.example', tlsSecret: 'npm-acme-example' }] },
};
/** Everything that can be switched, the other way. */
const FULL = {
  replicas: 3,
  image: { repository: 'registry.acme.example/countersign', digest: `sha256:${'a'.repeat(64)}`, pullSecrets: ['registry'] },
  secrets: ['npm', 'pypi'],
  server: {
    trustedProxies: ['10.42.0.0/16'],
    shutdownGrace: 120,
    preStop: 15,
    tlsSecret: 'countersign-tls',
    admin: 'token_file: /run/secrets/countersign/admin-token\n',
    extra: 'limits:\n  connections: 1000\n',
  },
  redis: { enabled: false },
  store: 'sentinels: ["sentinel-0:26379"]\nmaster: countersign\npassword_file: /run/secrets/countersign/redis\n',
  service: { type: 'LoadBalancer', port: 443 },
  networkPolicy: { clients: [], admin: [], registries: [{ ...REGISTRY, namespace: 'registries' }], egress: [{ ports: [{ port: 26379 }] }] },
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' }, tokenSecret: { name: 'npm', key: 'admin-token' } },
  prometheusRule: {
    enabled: true,
    rules:
      'groups:\n  - name: countersign\n    rules:\n      - alert: CountersignDown\n        expr: up{job="countersign"} == 0\n        for: 5m\n',
  },
  podLabels: { team: 'platform' },
  podAnnotations: { note: 'x' },
  nodeSelector: { 'kubernetes.io/os': 'linux' },
  tolerations: [{ key: 'a', operator: 'Exists' }],
  priorityClassName: 'high',
};
const FORMS = { plain: () => kustomize(), chart: () => helm(PLAIN), 'chart with everything': () => helm(FULL) };
const PROXY = { 'app.kubernetes.io/name': 'countersign', 'app.kubernetes.io/component': 'proxy' };

describeWith(
  'helm',
  'kustomize',
  'kubernetes-validate',
  'monitoring',
)('the Helm chart and the plain manifests', () => {
  const all = new Map<string, Rendered>();
  beforeAll(async () => {
    for (const [name, render] of Object.entries(FORMS)) all.set(name, await render());
  }, 120_000);
  const form = (name: string): Rendered => {
    const found = all.get(name);
    if (found === undefined) throw new Error(`${name} was not rendered`);
    return found;
  };
  const names = Object.keys(FORMS);

  test('helm lint has nothing to say', async () => {
    expect(await lint(FULL)).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  describe.each(names)('%s', (name) => {
    test.each(['1.30', '1.37'])('is valid for Kubernetes %s, without a key that it does not know', async (version) => {
      const { objects } = form(name);
      const core = objects.filter(({ kind }) => !['ServiceMonitor', 'PrometheusRule'].includes(kind));
      const said = await validate({ ...form(name), text: core.map((object) => JSON.stringify(object)).join('\n---\n') }, version);
      expect(said.match(/ passed for resource /g)).toHaveLength(core.length);
    });

    test('FLT-37 every container is without root, rights, a writable root and a token of the cluster, and has limits', () => {
      const pods = podsOf(form(name));
      expect(pods.length).toBeGreaterThan(0);
      for (const pod of pods) {
        expect(pod.automountServiceAccountToken).toBe(false);
        expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
        for (const container of [...pod.containers, ...(pod.initContainers ?? [])]) {
          expect(container.securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
          expect(container.resources?.requests?.['memory'], container.name).toBeDefined();
          expect(container.resources?.limits?.['memory'], container.name).toBeDefined();
        }
      }
    });

    test('the proxy runs as the user of the image', () => {
      const [, user] = /^USER (\d+):\1$/m.exec(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')) ?? [];
      expect(proxyOf(form(name)).securityContext).toMatchObject({
        runAsUser: Number(user),
        runAsGroup: Number(user),
        fsGroup: Number(user),
      });
    });

    test('P1 SEC-08 secrets are files that are mounted read-only, and in no variable and no ConfigMap', () => {
      for (const { containers, initContainers = [] } of podsOf(form(name))) {
        for (const { env, envFrom } of [...containers, ...initContainers]) expect([env, envFrom]).toEqual([undefined, undefined]);
      }
      const [proxy] = proxyOf(form(name)).containers;
      expect(proxy?.volumeMounts?.filter(({ readOnly }) => readOnly !== true)).toEqual([]);
      expect(form(name).objects.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    });

    test('P6 the policy is mounted as a folder, so that a change arrives in the pods that run', () => {
      const [proxy] = proxyOf(form(name)).containers;
      expect(proxy?.volumeMounts).toContainEqual({ name: 'policy', mountPath: '/etc/countersign', readOnly: true });
      expect(proxy?.volumeMounts?.filter(({ subPath }) => subPath !== undefined)).toEqual([]);
      expect(readFileSync(join(ROOT, 'Dockerfile'), 'utf8')).toContain('COUNTERSIGN_CONFIG=/etc/countersign/countersign.yaml');
    });

    test('the kubelet asks the admin listener; the public service leads to the public port alone', () => {
      const [proxy] = proxyOf(form(name)).containers;
      expect(proxy?.['livenessProbe']?.['httpGet']).toEqual({ path: '/healthz', port: 'admin' });
      expect(proxy?.['startupProbe']?.['httpGet']).toEqual({ path: '/healthz', port: 'admin' });
      expect(proxy?.['readinessProbe']?.['httpGet']).toEqual({ path: '/readyz', port: 'admin' });
      expect(
        form(name)
          .one('Service', 'countersign')
          .spec?.ports?.map(({ targetPort }) => targetPort),
      ).toEqual(['http']);
      const ports = Object.fromEntries(proxy?.ports?.map((port) => [port.name, port.containerPort]) ?? []);
      const { server } = policyOf(form(name));
      const admin = typeof server.admin === 'string' ? server.admin : server.admin.listen;
      expect([server.listen, admin]).toEqual([`0.0.0.0:${ports['http']}`, `0.0.0.0:${ports['admin']}`]);
    });

    test('a stop: out of the balancer first, then the grace of the policy, and the kubelet waits for both', () => {
      const proxy = proxyOf(form(name));
      const pause = proxy.containers[0]?.lifecycle?.preStop.sleep.seconds ?? 0;
      const grace = Number(/^(\d+)s$/.exec(policyOf(form(name)).server.shutdown_grace)?.[1]);
      expect(pause).toBeGreaterThan(0);
      expect(proxy.terminationGracePeriodSeconds).toBeGreaterThan(pause + grace);
    });

    test('a drain of a node takes one replica at a time, and replicas spread over nodes and zones', () => {
      expect(form(name).one('PodDisruptionBudget', 'countersign').spec?.maxUnavailable).toBe(1);
      expect(form(name).one('Deployment', 'countersign').spec?.replicas).toBeGreaterThan(1);
      expect(proxyOf(form(name)).topologySpreadConstraints).toHaveLength(2);
    });

    test('selectors find the pods that they are for, and no others', () => {
      const { objects } = form(name);
      const labels = new Map(
        objects.flatMap(({ kind, spec }) => (spec?.template === undefined ? [] : [[kind, spec.template.metadata.labels ?? {}]])),
      );
      const found = (selector: Readonly<Record<string, string>>): string[] =>
        [...labels].filter(([, pod]) => Object.entries(selector).every(([key, value]) => pod[key] === value)).map(([kind]) => kind);
      for (const { kind, metadata, spec } of objects) {
        const selector =
          kind === 'Service' ? spec?.selector : kind === 'NetworkPolicy' ? spec?.podSelector?.matchLabels : spec?.selector?.matchLabels;
        if (selector === undefined || kind === 'ServiceMonitor' || 'app' in selector) continue;
        expect(found(selector as Record<string, string>), `${kind} ${metadata.name}`).toEqual([
          metadata.name.endsWith('redis') ? 'StatefulSet' : 'Deployment',
        ]);
      }
    });

    test('P1 only the proxy reaches the registry, and only the proxy reaches Redis', () => {
      const policies = form(name).objects.filter(({ kind }) => kind === 'NetworkPolicy');
      const registry = policies.filter(({ spec }) => spec?.podSelector?.matchLabels?.['app'] === 'verdaccio');
      const redis = policies.filter(({ spec }) => spec?.podSelector?.matchLabels?.['app.kubernetes.io/component'] === 'redis');
      expect(registry).toHaveLength(1);
      expect(redis).toHaveLength(name === 'chart with everything' ? 0 : 1);
      for (const { spec } of [...registry, ...redis]) {
        expect(spec?.policyTypes).toContain('Ingress');
        expect(spec?.ingress).toHaveLength(1);
        const [rule] = spec?.ingress ?? [];
        expect(rule?.ports).toHaveLength(1);
        expect(rule?.from?.map(isProxy)).toEqual([true]);
      }
    });

    test('the proxy reaches the registry, the store, DNS and public addresses on 443, and nothing else', () => {
      const { spec } = form(name).one('NetworkPolicy', 'countersign');
      expect(spec?.policyTypes).toEqual(['Ingress', 'Egress']);
      const open = (spec?.egress ?? []).filter(({ to }) => to === undefined || to.some((peer) => Object.keys(peer).length === 0));
      expect(open.map(({ ports }) => ports)).toEqual(name === 'chart with everything' ? [[{ port: 26379 }]] : []);
      const anywhere = (spec?.egress ?? []).filter(({ to = [] }) => to.some(({ ipBlock }) => ipBlock !== undefined));
      expect(anywhere.map(({ ports }) => ports)).toEqual([[{ port: 443 }]]);
      // A cloud's metadata service gives credentials to whoever asks.
      expect(anywhere[0]?.to?.[0]?.ipBlock?.except).toContain('169.254.0.0/16');
    });
  });

  test('the plain manifests are the chart with its defaults', () => {
    const plain = comparable(form('plain'));
    const chart = comparable(form('chart'));
    expect(Object.keys(plain).toSorted()).toEqual(Object.keys(chart).toSorted());
    for (const [id, object] of Object.entries(plain)) expect(object, id).toEqual(chart[id]);
  });

  test('a policy reaches the program digit by digit, and the program takes it', async () => {
    const folder = tempDir('policy');
    for (const name of names) {
      const text = form(name).one('ConfigMap', 'countersign').data?.['countersign.yaml'] ?? '';
      if (name !== 'plain') expect(text).toContain('repository_owner_id: 123456789012\n');
      const file = join(folder, 'countersign.yaml');
      // The mounted files are not here: their folder is.
      for (const secret of ['verdaccio', 'redis', 'password', 'tls.crt', 'tls.key', 'admin-token'])
        writeFileSync(join(folder, secret), 'a-secret');
      writeFileSync(file, text.replaceAll(/\/run\/secrets\/(countersign|redis|tls)/g, folder).replace(/^ {2}tls: .*\n/m, ''));
      const loaded = await loadConfiguration(file, {});
      const said = loaded.ok ? loaded.configuration.warnings : loaded.diagnostics;
      expect([loaded.ok, said.map(({ message }) => message)], name).toEqual([
        true,
        name === 'chart with everything'
          ? []
          : ['other machines reach the admin listener, and it has no token: nothing but health answers there'],
      ]);
    }
  });

  test('only a change of server: or store: restarts the pods', async () => {
    const hash = async (values: object): Promise<string | undefined> =>
      (await helm(values)).one('Deployment', 'countersign').spec?.template?.metadata.annotations?.['countersign/restart-when'];
    const before = await hash(PLAIN);
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(await hash({ ...PLAIN, policy: POLICY.replace('@acme/ui', '@acme/other') })).toBe(before);
    expect(await hash({ ...PLAIN, server: { shutdownGrace: 60 } })).not.toBe(before);
    const redis = async (values: object): Promise<unknown> => (await helm(values)).one('StatefulSet', 'countersign-redis').spec;
    expect(await redis({ ...PLAIN, image: { repository: 'x', tag: '9' } })).toEqual(await redis(PLAIN));
  });

  test.each([
    ['an unknown value', { replica: 3 }, /replica/],
    ['an unknown value further down', { networkPolicy: { registry: [] } }, /registry/],
    ['a number that should be a text', { policy: 12 }, /policy/],
    ['no image', { image: { repository: '' } }, /image\.repository is required/],
    ['no policy', { policy: '' }, /policy is required/],
    ['a policy that says server: itself', { policy: `server: { listen: "0.0.0.0:1" }\n${POLICY}` }, /must not say server: or store:/],
    ['several replicas without a store in common', { redis: { enabled: false }, store: 'memory' }, /replicas: 1/],
    ['no store at all', { redis: { enabled: false } }, /needs store:/],
    ['two stores', { store: 'redis://elsewhere:6379/0' }, /is for redis\.enabled: false/],
    ['a digest that is none', { image: { repository: 'x', digest: 'sha256:12' } }, /digest/],
    ['a monitor that would be refused', { serviceMonitor: { enabled: true } }, /serviceMonitor\.tokenSecret is required/],
    ['alerts without rules', { prometheusRule: { enabled: true } }, /prometheusRule\.rules is required/],
  ])('refuses %s', async (_, values, says) => {
    await expect(helm(values)).rejects.toThrow(says);
  });

  test('memory is a store for one replica', async () => {
    const one = await helm({ replicas: 1, redis: { enabled: false }, store: 'memory' });
    expect(policyOf(one).store).toBe('memory');
    expect(one.objects.filter(({ kind }) => kind === 'StatefulSet')).toEqual([]);
  });

  test('ServiceMonitor and PrometheusRule are what the Prometheus operator reads, and the monitor finds the admin service', async () => {
    const { text, one } = form('chart with everything');
    const decoded = await decode(text);
    expect(decoded.toSorted()).toEqual(['PrometheusRule countersign', 'ServiceMonitor countersign']);
    await expect(decode(text.replace('interval: 30s', 'intervall: 30s'))).rejects.toThrow(/intervall/);
    const labels = one('Service', 'countersign-admin').metadata.labels ?? {};
    const { matchLabels = {} } = one('ServiceMonitor', 'countersign').spec?.selector ?? {};
    expect(Object.entries(matchLabels).filter(([key, value]) => labels[key] !== value)).toEqual([]);
    // Without it the admin listener answers 403: other machines reach it.
    expect(policyOf(form('chart with everything')).server.admin).toEqual({
      listen: '0.0.0.0:9090',
      token_file: '/run/secrets/countersign/admin-token',
    });
    expect(text).toContain('credentials: { name: npm, key: admin-token }');
    expect(Object.keys(one('Service', 'countersign').metadata.labels ?? {})).not.toContain('app.kubernetes.io/component');
  });

  test('validation finds a key that Kubernetes does not know', async () => {
    const text = form('plain').text.replace('maxUnavailable: 1', 'maximumUnavailable: 1');
    await expect(validate({ ...form('plain'), text }, '1.37')).rejects.toThrow(/maximumUnavailable/);
  });
});

describe('the version', () => {
  test('chart, image of the manifests and package have the same', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    const chart = parse(readFileSync(join(ROOT, 'deploy/helm/countersign/Chart.yaml'), 'utf8')) as Record<string, unknown>;
    expect([chart['version'], chart['appVersion']]).toEqual([version, version]);
    const { images } = parse(readFileSync(join(ROOT, 'deploy/kubernetes/kustomization.yaml'), 'utf8')) as { images: { newTag: string }[] };
    expect(images.map(({ newTag }) => newTag)).toEqual([version]);
  });
});

function podsOf({ objects }: Rendered): Pod[] {
  return objects.flatMap(({ spec }) => spec?.template?.spec ?? []);
}

function proxyOf(from: Rendered): Pod {
  const pod = from.one('Deployment', 'countersign').spec?.template?.spec;
  if (pod === undefined) throw new Error('the Deployment has no pod');
  return pod;
}

interface RenderedPolicy {
  readonly server: { readonly listen: string; readonly admin: string | Readonly<Record<string, string>>; readonly shutdown_grace: string };
  readonly store: unknown;
}

function policyOf(from: Rendered): RenderedPolicy {
  return parse(from.one('ConfigMap', 'countersign').data?.['countersign.yaml'] ?? '') as RenderedPolicy;
}

/** Whether a peer is the proxy's pods in its own namespace, and nothing else. */
function isProxy(peer: Peer): boolean {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  const namespace = namespaceSelector?.matchLabels?.['kubernetes.io/metadata.name'] ?? 'countersign';
  return (
    ipBlock === undefined &&
    namespace === 'countersign' &&
    Object.entries(PROXY).every(([key, value]) => podSelector?.matchLabels?.[key] === value)
  );
}

/** By kind and name, without what only Helm writes: its labels, the instance, the annotation that restarts, the namespace. */
function comparable({ objects }: Rendered): Record<string, unknown> {
  const ofHelm = /^(helm\.sh\/chart|app\.kubernetes\.io\/(instance|version|managed-by)|countersign\/restart-when)$/;
  const strip = (value: unknown, key: string): unknown => {
    if (Array.isArray(value)) return value.map((item) => strip(item, ''));
    if (typeof value !== 'object' || value === null) return value;
    const kept = Object.entries(value).filter(
      ([name]) => !ofHelm.test(name) && !(key === 'metadata' && ['namespace', 'labels', 'annotations'].includes(name)),
    );
    return Object.fromEntries(
      kept.map(([name, item]) => [name, name === 'countersign.yaml' ? settings(item as string) : strip(item, name)]),
    );
  };
  return Object.fromEntries(objects.map((object: KubernetesObject) => [`${object.kind} ${object.metadata.name}`, strip(object, '')]));
}

/** What the chart decides of a policy: the publishers are the user's. */
function settings(text: string): unknown {
  const { server, store, registries } = parse(text) as Record<string, unknown>;
  return { server, store, registries };
}

function decode(text: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = execFile(requires('monitoring'), { env: plainEnv() }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trim().split('\n'));
      else reject(new Error(stderr));
    });
    child.stdin?.end(text);
  });
}
