// First start of a compose stack: makes the passwords between the proxy and its registries, each in the volume that only
// its reader mounts. A password that is there already is kept, whoever wrote it.
//   node secrets.mjs /secrets verdaccio devpi
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [folder = '/secrets', ...registries] = process.argv.slice(2);

for (const registry of registries) {
  const secret = password(`proxy/${registry}`);
  // {SHA} needs no salt and no slow hash here: the password is 256 random bits, and Verdaccio computes this at every request.
  if (registry === 'verdaccio') write('verdaccio/htpasswd', `svc:{SHA}${createHash('sha1').update(secret).digest('base64')}\n`);
  else write(`${registry}/svc`, secret);
}

function password(name) {
  const path = join(folder, name);
  if (!existsSync(path)) write(name, randomBytes(32).toString('hex'));
  return readFileSync(path, 'utf8').trim();
}

// Renamed into place, so that a start that was interrupted leaves no empty password. Readable to all: a reader is whoever has
// the volume, and the services run as different users.
function write(name, text) {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}
