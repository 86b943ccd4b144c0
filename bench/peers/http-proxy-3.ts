// http-proxy-3 bare, with a keep-alive agent and nothing else: the peer that Countersign's pass-through is built on.
//   node http-proxy-3.ts <port> <upstream>
import { Agent, createServer } from 'node:http';
import { createProxyServer } from 'http-proxy-3';

const [, , port, target = ''] = process.argv;
const agent = new Agent({ keepAlive: true });
const proxy = createProxyServer({ target, agent });
proxy.on('error', (_, __, res) => void res.end());
createServer((req, res) => proxy.web(req, res)).listen(Number(port), '127.0.0.1');
