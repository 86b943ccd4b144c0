// The ceiling of an exchange in Node: a bare node:http server that verifies the same tokens with node:crypto and a cached key,
// and makes one script call on the same Redis. No policy, no checks of claims but the times, no record, no limits.
//   node ceiling.ts <port> <redis url> <file with the public key>
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { Redis } from 'ioredis';

const [, , port, redisUrl = '', keyFile = ''] = process.argv;
const key = createPublicKey(readFileSync(keyFile));
const redis = new Redis(redisUrl);
/** Mark and mint in one step, as bare as it can be. KEYS mark, token. ARGV record, its life (ms), nonce, hash, asked, the mark's life (ms). */
const script = `
if redis.call('HEXISTS', KEYS[1], ARGV[5]) == 1 then return 'used' end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
redis.call('HSET', KEYS[1], ARGV[5], 1, ARGV[3], ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return 'minted'`;
redis.defineCommand('mint', { lua: script, numberOfKeys: 2 });
type Mint = { mint: (...values: string[]) => Promise<string> };

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
  const keys = [`{bare}once:${identity}`, `{bare}token:${hash}`];
  const nonce = randomBytes(16).toString('hex');
  const result = await (redis as unknown as Mint).mint(...keys, record, '900000', nonce, hash, 'pypi\n*', '4000000');
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
