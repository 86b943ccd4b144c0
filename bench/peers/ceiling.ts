// The ceiling of an exchange in Node: a bare node:http server that verifies the same tokens with node:crypto and a cached key,
// and makes one script call on the same Redis. No policy, no checks of claims but the times, no record, no limits.
//   node ceiling.ts <port> <redis url> <file with the public key>
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { Redis } from 'ioredis';
import { guardScript, mintScript } from '../../src/store/redis-scripts.ts';

const [, , port, redisUrl = '', keyFile = ''] = process.argv;
const key = createPublicKey(readFileSync(keyFile));
const redis = new Redis(redisUrl);
redis.defineCommand('mint', { lua: mintScript, numberOfKeys: 3 });
type Mint = { mint: (...values: string[]) => Promise<[string, string]> };
// The store's epoch begins now: identity tokens that were issued before are none of its.
await redis.eval(guardScript, 1, '{bare}epoch', String(Date.now()), '');
let server = '';

const parse = (part: string | undefined): Record<string, unknown> =>
  JSON.parse(Buffer.from(part ?? '', 'base64url').toString()) as Record<string, unknown>;

async function exchange(body: string): Promise<string | undefined> {
  const { token } = JSON.parse(body) as { token: string };
  const end = token.lastIndexOf('.');
  const [head, payload] = token.slice(0, end).split('.');
  if (parse(head)['alg'] !== 'RS256') return undefined;
  if (!verify('RSA-SHA256', Buffer.from(token.slice(0, end)), key, Buffer.from(token.slice(end + 1), 'base64url'))) return undefined;
  const claims = parse(payload);
  const now = Date.now();
  if (Number(claims['exp']) * 1000 < now || Number(claims['iat']) * 1000 > now) return undefined;
  const minted = randomBytes(32).toString('base64url');
  const hash = createHash('sha256').update(minted).digest('hex');
  const identity = createHash('sha256').update(String(claims['jti'])).digest('hex');
  const record = JSON.stringify({ version: 1, id: hash.slice(0, 12), claims, minted: now, expires: now + 900 });
  const keys = ['{bare}epoch', `{bare}once:${identity}`, `{bare}token:${hash}`];
  const numbers = [String(now), server, String(claims['iat']), '1', '4000000', '900000'];
  const [result, answered] = await (redis as unknown as Mint).mint(
    ...keys,
    ...numbers,
    randomBytes(16).toString('hex'),
    hash,
    record,
    'pypi\n*',
  );
  server = answered;
  return result === 'minted' ? JSON.stringify({ success: true, token: minted, expires: now }) : undefined;
}

async function answer(res: ServerResponse, body: string): Promise<void> {
  const minted = await exchange(body);
  const text = minted ?? '{"message":"no"}';
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  res.writeHead(minted === undefined ? 403 : 200, headers).end(text);
}

createServer((req, res) => {
  if (req.method === 'GET') return void res.end('{}');
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => void answer(res, Buffer.concat(chunks).toString()));
}).listen(Number(port), '127.0.0.1');
