// The real Prometheus: it reads what we write in both formats, understands every rule and panel, and its alerts fire when they should.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { stringify } from 'yaml';
import { startWorld } from '../security/world.ts';
import { freePort } from '../support/ports.ts';
import { plainEnv, startServer } from '../support/process.ts';
import { describeWith, requires } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';
import { cases, healthy } from './alert-cases.ts';
import { alertRules, alertsPath, dashboardExpressions } from './watching.ts';

const run = promisify(execFile);

async function promtool(...args: readonly string[]): Promise<{ code: number; output: string }> {
  const ended = run(requires('promtool'), [...args], { env: plainEnv() });
  return ended.then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, output: error.stdout + error.stderr }),
  );
}

const matchers = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join();

/** A file of promtool's unit tests: at this moment exactly these alerts fire. */
function unitTests(): string {
  const tests = cases.map(({ name, series, at, fires }) => ({
    name,
    interval: '1m',
    input_series: Object.entries({ ...healthy, ...series }).map(([key, values]) => ({ series: key, values })),
    promql_expr_test: [
      {
        expr: 'ALERTS{alertstate="firing"}',
        eval_time: at,
        exp_samples: fires.map((labels) => ({
          labels: `ALERTS{${matchers({ alertstate: 'firing', ...labels })}}`,
          value: 1,
        })),
      },
    ],
  }));
  return stringify({ rule_files: [alertsPath], evaluation_interval: '1m', tests }, { aliasDuplicateObjects: false });
}

describeWith('promtool')('promtool', () => {
  test('understands every alert rule', async () => {
    const { code, output } = await promtool('check', 'rules', alertsPath);
    expect(code, output).toBe(0);
    expect(output).toContain(`${alertRules().length} rules found`);
  });

  test('finds that in each case exactly the alerts fire that should', async () => {
    const file = join(tempDir('alerts'), 'cases.yaml');
    writeFileSync(file, unitTests());
    const { code, output } = await promtool('test', 'rules', file);
    expect(code, output).toBe(0);
  });

  test('finds nothing to complain of in what the program writes', async () => {
    const world = await startWorld();
    onTestFinished(() => world.close());
    const text = await (await fetch(`${world.proxy.admin}metrics`)).text();
    const linted = run('sh', ['-c', `exec "$0" check metrics`, requires('promtool')], { env: plainEnv() });
    linted.child.stdin?.end(text);
    const { stdout, stderr } = await linted;
    expect(stdout + stderr).toBe('');
  });
});

interface Answer {
  readonly status: string;
  readonly data: unknown;
}

describeWith('prometheus')('Prometheus', () => {
  test('scrapes the program, answers every question of the dashboard, and knows the alerts', async () => {
    const world = await startWorld();
    onTestFinished(() => world.close());
    await world.uploadPypi(await world.pypiToken(), '1.0');
    const dir = tempDir('prometheus');
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [alertsPath],
      scrape_configs: [{ job_name: 'countersign', static_configs: [{ targets: [new URL(world.proxy.admin).host] }] }],
    };
    writeFileSync(join(dir, 'prometheus.yml'), stringify(config));
    const listen = `127.0.0.1:${await freePort()}`;
    const api = async (path: string): Promise<Answer> => (await (await fetch(`http://${listen}/api/v1/${path}`)).json()) as Answer;
    const server = await startServer({
      name: 'Prometheus',
      command: requires('prometheus'),
      args: [`--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/data`, `--web.listen-address=${listen}`],
      cwd: dir,
      ready: async () => (await fetch(`http://${listen}/-/ready`)).ok,
    });
    onTestFinished(() => server.stop());

    const ask = async (expr: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> => {
      const answer = await api(`query?query=${encodeURIComponent(expr)}`);
      expect(answer.status, `${expr}: ${JSON.stringify(answer)}`).toBe('success');
      return (answer.data as { result: { metric: Record<string, string>; value: [number, string] }[] }).result;
    };
    const uploaded = 'countersign_uploads_total{registry="pypi",outcome="uploaded",code="-"}';
    await expect.poll(async () => (await ask(uploaded))[0]?.value[1], { timeout: 20_000 }).toBe('1');
    expect((await ask('up'))[0]?.value[1]).toBe('1');
    const { activeTargets } = (await api('targets')).data as { activeTargets: { health: string; lastError: string }[] };
    expect(activeTargets).toEqual([expect.objectContaining({ health: 'up', lastError: '' })]);
    // It asks for OpenMetrics first, and gets it: the buckets are as we write them.
    expect(await ask('countersign_event_loop_lag_seconds_bucket{le="1.0"}')).toHaveLength(1);

    for (const expr of dashboardExpressions()) await ask(expr);
    const { groups } = (await api('rules')).data as { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
    const known = groups.flatMap(({ rules }) => rules);
    expect(known.map(({ name }) => name)).toEqual(alertRules().map(({ alert }) => alert));
    await expect.poll(async () => rulesUnwell(await api('rules')), { timeout: 10_000 }).toEqual([]);
    expect(await ask('ALERTS{alertstate="firing"}')).toEqual([]);
  });
});

function rulesUnwell({ data }: Answer): string[] {
  const { groups } = data as { groups: { rules: { name: string; health: string; lastError?: string }[] }[] };
  return groups.flatMap(({ rules }) =>
    rules.filter(({ health }) => health !== 'ok').map(({ name, lastError = '' }) => `${name}: ${lastError}`),
  );
}
