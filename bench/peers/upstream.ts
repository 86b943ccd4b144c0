// The upstream of most figures: answers GET /<anything><n> with n bytes, and takes uploads without looking at them.
//   node upstream.ts <port>
import { createServer } from 'node:http';

const bodies = new Map<number, Buffer>();

function bodyOf(length: number): Buffer {
  const known = bodies.get(length);
  if (known !== undefined) return known;
  const made = Buffer.alloc(length, 'countersign ');
  bodies.set(length, made);
  return made;
}

const server = createServer((req, res) => {
  if (req.method === 'GET' || req.method === 'HEAD') {
    const length = Number(/(\d+)$/.exec(req.url ?? '')?.[1] ?? -1);
    // Nothing that is asked for before an upload is there yet.
    if (length < 0) return void res.writeHead(404, { 'content-length': 2, 'content-type': 'application/json' }).end('{}');
    return void res.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': length }).end(bodyOf(length));
  }
  req.resume();
  req.once('end', () => res.writeHead(200, { 'content-length': 2 }).end('ok'));
});
server.keepAliveTimeout = 60_000;
server.listen(Number(process.argv[2]), '127.0.0.1');
