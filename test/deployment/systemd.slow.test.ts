// The systemd unit, read by systemd itself.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { exitCode } from '../../src/cli/exit.ts';
import { plainEnv } from '../support/process.ts';
import { describeWith, requires, ROOT } from '../support/requirement.ts';
import { tempDir } from '../support/temp.ts';

const run = promisify(execFile);
const unit = readFileSync(join(ROOT, 'deploy/systemd/countersign.service'), 'utf8');

/** Every value of a key, as the unit says it. */
const said = (key: string): string[] => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value = '']) => value);

/** Runs systemd-analyze on a text of the unit; Node is where it is on this machine. */
async function analyze(command: readonly string[], text = unit): Promise<string> {
  const file = join(tempDir('systemd'), 'countersign.service');
  writeFileSync(file, text.replace('ExecStart=/usr/bin/node', `ExecStart=${requires('node')}`));
  const { stdout, stderr } = await run(requires('systemd-analyze'), [...command, file], { env: plainEnv() });
  return stdout + stderr;
}

describeWith('systemd-analyze')('deploy/systemd/countersign.service', () => {
  test('systemd-analyze verify has nothing to say, and would', async () => {
    expect(await analyze(['verify'])).toBe('');
    expect(await analyze(['verify'], unit.replace('ProtectSystem=strict', 'ProtectSystem=strickt'))).toMatch(/protect system value/);
  });

  test('systemd-analyze security: at most 1.5 of 10', async () => {
    const security = ['security', '--offline=true', '--no-pager', '--threshold=15'];
    expect(await analyze(security)).toMatch(/Overall exposure level .*: 1\.[0-5] OK/);
    await expect(analyze(security, unit.replace(/^SystemCallFilter=.*\n/gm, ''))).rejects.toThrow(/UNSAFE|EXPOSED|MEDIUM|Command failed/);
  });

  test('the program is where npm puts it', () => {
    const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: { countersign: string } };
    expect(said('ExecStart')).toEqual([`/usr/bin/node /opt/countersign/node_modules/countersign/${bin.countersign} serve`]);
  });

  test('SEC-07 nothing writes memory down, opens a debugger or loads code before ours', () => {
    expect(said('LimitCORE')).toEqual(['0']);
    expect(said('UnsetEnvironment')[0]?.split(' ')).toEqual(expect.arrayContaining(['NODE_OPTIONS', 'NODE_PATH']));
  });

  test('SEC-08 secrets are credentials, of which the service has a copy that nobody else reads', () => {
    expect(said('LoadCredential')).toEqual(['verdaccio:/etc/countersign/credentials/verdaccio']);
    expect(said('InaccessiblePaths')).toEqual(['-/etc/countersign/credentials']);
    expect(said('Environment').join(' ')).not.toMatch(/pass|secret|token/i);
  });

  test('a stop waits longer than the program does, and mistakes of configuration are not tried again', () => {
    expect(parseInt(said('TimeoutStopSec')[0] ?? '', 10)).toBeGreaterThan(30);
    expect(said('RestartPreventExitStatus')).toEqual([`${exitCode.usage} ${exitCode.configuration}`]);
  });
});
