// First start of the compose stack: makes the passwords between the proxy and its registries, each in the volume that only
// its reader mounts. A password that is there already is kept, whoever wrote it.
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [folder = '/secrets'] = process.argv.slice(2);

const verdaccio = password('proxy/verdaccio');
const devpi = password('proxy/devpi');
// {SHA} needs no salt and no slow hash here: the password is 256 random bits, and Verdaccio computes this at every request.
write('verdaccio/htpasswd', `svc:{SHA}${createHash('sha1').update(verdaccio).digest('base64')}\n`);
write('devpi/svc', devpi);

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
