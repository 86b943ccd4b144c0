// Variables and secrets: a value stays a value, and a secret shows itself nowhere.
import { inspect } from 'node:util';
import { chmodSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfiguration } from '../../src/config/load.ts';
import { printDiagnostics } from '../../src/config/diagnostic.ts';
import { base, basePolicy, diagnosticsOf, folder, load, loaded, said, write } from './policy-file.ts';

const npmUrl = 'url: https://npm.acme.example/';
const withCredential = (credential: string): string => basePolicy('credential: none', `credential: ${credential}`);

describe('the policy alone', () => {
  const path = (text: string): string => {
    const into = folder();
    write(into, { 'policy.yaml': text });
    return join(into, 'policy.yaml');
  };
  const policyOnly = (text: string, env = {}) => loadConfiguration(path(text), env, { policyOnly: true });

  test('is loaded where neither the variables of credentials are set nor the files are there', async () => {
    const policy = `server: { tls: { cert_file: cert.pem, key_file: key.pem }, admin: { listen: "127.0.0.1:9090", token: "\${TOKEN}" } }
store: "redis://\${USER}:\${SECRET}@redis:6379/0"
${withCredential('{ basic: { username: "${USER}", password: "${SECRET}" } }')}`;
    expect(said(await policyOnly(policy))).toEqual(said(await policyOnly(policy, { USER: 'svc', SECRET: 's', TOKEN: 't'.repeat(40) })));
    expect((await policyOnly(policy)).ok).toBe(true);
    expect((await loadConfiguration(path(policy), {})).ok).toBe(false);
  });

  test('needs every other variable, since it says what the policy is', async () => {
    expect(said(await policyOnly(basePolicy(npmUrl, 'url: ${NPM_URL}')))).toContain(
      '6:10 error the environment variable NPM_URL is not set',
    );
  });
});

describe('variables', () => {
  test('stand for texts, numbers and booleans', async () => {
    const policy = `server: { listen: "\${HOST:-127.0.0.1}:\${PORT}", workers: "\${WORKERS:-1}" }\n${basePolicy(npmUrl, npmUrl, 'immutable: "${IMMUTABLE}"', 'long_lived_tokens: ${MODE:-warn}')}`;
    const configuration = await loaded(policy, { PORT: '4000', IMMUTABLE: 'false' });
    expect(configuration.server.listen).toEqual({ host: '127.0.0.1', port: 4000 });
    expect(configuration.registries.get('npm')).toMatchObject({ immutable: false, longLivedTokens: 'warn' });
  });

  test('POL-25: one that is not set is an error, unless it has a default', async () => {
    const errors = (lines: string[]): string[] => lines.filter((line) => line.includes(' error '));
    expect(errors(said(await load(basePolicy(npmUrl, 'url: ${NPM_URL}'))))).toEqual([
      '6:10 error the environment variable NPM_URL is not set',
    ]);
    expect(said(await load(basePolicy(npmUrl, 'url: ${NPM_URL}'), { NPM_URL: '' }))).toContain(
      '6:10 error the environment variable NPM_URL is empty',
    );
  });

  test('one of a secret that is not set is no secret written down', async () => {
    const result = await load(withCredential('{ basic: { username: svc, password: "${SECRET}" } }'));
    expect(said(result).filter((line) => line.includes('secret'))).toEqual([]);
    expect(said(result).join()).toContain('the environment variable SECRET is not set');
  });

  test('POL-25: one never becomes structure', async () => {
    const injected = 'https://npm.acme.example/\n    long_lived_tokens: allow';
    const result = await load(basePolicy(npmUrl, 'url: "${NPM_URL}"'), { NPM_URL: injected });
    expect(said(result)).toContain('6:10 error the environment variable NPM_URL holds a line break or another control character');
    const flow = await loaded(basePolicy(npmUrl, npmUrl, 'audiences: ["${AUDIENCE}"]'), { AUDIENCE: 'a", "b' }).catch(
      (error: Error) => error.message,
    );
    expect(flow).toContain('audience "a", "b" has a space in it');
  });

  test('POL-25: a name of the object prototype is no variable', async () => {
    expect(said(await load(basePolicy(npmUrl, 'url: ${constructor}')))).toContain(
      '6:10 error the environment variable constructor is not set',
    );
  });

  test.each(['${', '${}', '${A', '${A-b}', '${A:-${B}}'])('%s is written wrongly', async (text) => {
    expect(said(await load(basePolicy(npmUrl, `url: '${text}'`), { A: 'a', B: 'b' }))).toContain(
      '6:10 error a variable is written ${NAME} or ${NAME:-default}',
    );
  });
});

describe('secrets', () => {
  test('from the environment or a file load without a word', async () => {
    const files = {
      'policy.yaml': withCredential('{ bearer: "${TOKEN}" }').replace(
        'credential: none',
        'credential: { basic: { username: svc, password_file: devpi } }',
      ),
      devpi: 'hunter2\n',
    };
    const result = await load(files, { TOKEN: 'hunter3\n' });
    expect(said(result)).toEqual([]);
    const registries = result.ok ? result.configuration.registries : new Map();
    const npm = registries.get('npm')?.credential;
    expect(npm?.kind === 'bearer' && npm.token.kind === 'value' ? npm.token.value.reveal() : '').toBe('hunter3');
    expect(registries.get('pypi')?.credential).toMatchObject({ kind: 'basic', username: 'svc', password: { kind: 'file' } });
  });

  test('P1: are in no inspection and no JSON of the configuration', async () => {
    const configuration = await loaded(withCredential('{ bearer: "${TOKEN}" }'), { TOKEN: 'hunter2' });
    expect(inspect(configuration, { depth: 10, showHidden: true })).not.toContain('hunter2');
    expect(JSON.stringify([...configuration.registries])).not.toContain('hunter2');
  });

  test.each([
    ['{ bearer: hunter2 }', '8:27 warning a secret is written in the file'],
    ['{ bearer: "${TOKEN:-hunter2}" }', '8:27 warning a secret is written in the file'],
    ['{ basic: { username: a, password: hunter2 } }', '8:51 warning a secret is written in the file'],
    ['{ verdaccio_login: { username: a, password: hunter2 } }', '8:61 warning a secret is written in the file'],
  ])('written in the file are warned of and not shown: %s', async (credential, message) => {
    const result = await load(withCredential(credential));
    expect(said(result)).toEqual([message]);
    expect(printDiagnostics(diagnosticsOf(result), { colour: true })).not.toContain('hunter2');
  });

  test('are not shown by errors beside them', async () => {
    for (const credential of [
      '{ bearer: hunter2, baerer: x }',
      'hunter2',
      '{ basic: { username: a, password: "hunter2", x: y } }',
      '{ bearer: hunter2',
    ]) {
      const printed = printDiagnostics(diagnosticsOf(await load(withCredential(credential))), { colour: false });
      expect(printed).toContain('error');
      expect(printed).not.toContain('hunter2');
    }
  });

  test.each([
    ['a line break within', 'hunter2\r\nX-Admin: 1', 'holds a line break or another control character'],
    ['a NUL', 'hunter\u{0}2', 'holds a line break or another control character'],
    ['two line breaks at the end', 'hunter2\n\n', 'holds a line break or another control character'],
    ['nothing', '\n', 'is empty'],
    ['a space at the end', 'hunter2 ', 'begins or ends with a space'],
  ])('HDR-15: a file with %s is refused', async (_, content, problem) => {
    const files = { 'policy.yaml': withCredential('{ bearer_file: token }'), token: content };
    expect(said(await load(files))).toEqual([`8:32 error "token" ${problem}`]);
  });

  test('HDR-15: a bearer token that is no header value is refused', async () => {
    expect(said(await load(withCredential('{ bearer: "${TOKEN}" }'), { TOKEN: 'hünter2' }))).toEqual([
      '8:27 error a bearer token is printable ASCII without spaces',
    ]);
  });

  test('POL-26: a secret from a FIFO, a device or a folder is refused, without waiting', async () => {
    const into = folder();
    execFileSync('mkfifo', [join(into, 'fifo')]);
    for (const [file, problem] of [
      ['fifo', 'is not a regular file'],
      ['/dev/zero', 'is not a regular file'],
      ['.', 'is a directory'],
      ['nowhere', 'does not exist'],
    ]) {
      write(into, { 'policy.yaml': withCredential(`{ bearer_file: ${file} }`) });
      expect(said(await loadConfiguration(join(into, 'policy.yaml'), {}))).toEqual([`8:32 error "${file}" ${problem}`]);
    }
  });
});

test('a policy that every account may write to is warned of (POL-27)', async () => {
  const path = join(folder(), 'policy.yaml');
  writeFileSync(path, base);
  chmodSync(path, 0o666);
  expect(said(await loadConfiguration(path, {}))).toEqual(['1:1 warning every account of this machine may write to the file']);
});
