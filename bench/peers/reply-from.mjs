// fastify with @fastify/reply-from, as its README has it. Plain JavaScript: it is run from a folder of the bench's own, with the
// packages that were installed there.
//   node reply-from.mjs <port> <upstream>
import { createRequire } from 'node:module';
import { join } from 'node:path';

const [, , port, base] = process.argv;
const require = createRequire(join(process.cwd(), 'package.json'));
const app = require('fastify')({ logger: false });
app.register(require('@fastify/reply-from'), { base });
app.get('/*', (request, reply) => reply.from(request.raw.url));
await app.listen({ port: Number(port), host: '127.0.0.1' });
