// Wheels that are taken, as Python's own zipfile reads them: pip and the indexes go by it.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EmbeddedMetadata } from '../../../src/registries/pypi/embedded.ts';
import { parseFilename } from '../../../src/registries/pypi/filename.ts';
import { UploadRefused } from '../../../src/registries/registry.ts';
import { describeWith, requires } from '../../support/requirement.ts';
import { tempDir } from '../../support/temp.ts';
import { plain, zipOf } from '../archive/zips.ts';

const runs = 6_000;
const reader = `import io, json, struct, sys, zipfile
data = open(sys.argv[1], "rb").read()
at = read = refused = 0
other = []
while at < len(data):
    length, = struct.unpack("<I", data[at:at + 4])
    wheel = data[at + 4:at + 4 + length]
    at += 4 + length
    try:
        archive = zipfile.ZipFile(io.BytesIO(wheel))
        names = [name for name in archive.namelist() if name.lower().endswith("metadata")]
        if names != ["allowed-1.0.dist-info/METADATA"]:
            other.append(wheel.hex())
            continue
        head = archive.read(names[0]).decode().split("\\n\\n")[0].split("\\n")
        read += 1
        if "Name: allowed" not in head or "Version: 1.0" not in head:
            other.append(wheel.hex())
    except Exception:
        refused += 1
print(json.dumps({"read": read, "refused": refused, "other": other[:3]}))`;

/** A linear congruential generator, so that a failure can be had again. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => ((state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff) >>> 8) % below;
}

/** Up to three bytes or pieces changed, doubled or left out. */
function mutated(base: Buffer, below: (most: number) => number): Buffer {
  let bytes = Buffer.from(base);
  for (let i = below(3); i >= 0; i -= 1) {
    const at = below(bytes.length);
    const kind = below(4);
    if (kind < 2) bytes[at] = kind === 0 ? below(256) : (bytes[at] ?? 0) ^ (1 << below(8));
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at + 1 + below(60)), bytes.subarray(at)]);
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(40))]);
  }
  return bytes;
}

async function isTaken(wheel: Buffer): Promise<boolean> {
  const parsed = parseFilename('allowed-1.0-py3-none-any.whl');
  if (!parsed.ok) throw new Error(parsed.problem);
  const { distribution } = parsed;
  const embedded = new EmbeddedMetadata({ name: distribution.project, version: '1.0', file: '', distribution });
  try {
    await embedded.write(wheel);
    await embedded.check();
    return true;
  } catch (error) {
    if (error instanceof UploadRefused) return false;
    throw error;
  } finally {
    embedded.destroy();
  }
}

describeWith('python')('wheels that are taken', () => {
  it(`PY-17 PY-18 name the project to Python's zipfile, too: ${runs} mutations`, async () => {
    const seed = Date.now() % 1_000_000;
    const below = numbers(seed);
    const bases = [zipOf(plain), zipOf(plain.map((member) => ({ ...member, method: 0 }))), zipOf(plain, { large: () => undefined })];
    const taken: Buffer[] = [];
    for (let i = 0; i < runs; i += 1) {
      const wheel = mutated(bases[i % bases.length] ?? Buffer.alloc(0), below);
      if (!(await isTaken(wheel))) continue;
      const length = Buffer.alloc(4);
      length.writeUInt32LE(wheel.length);
      taken.push(length, wheel);
    }
    const file = join(tempDir('wheels'), 'taken');
    writeFileSync(file, Buffer.concat(taken));
    const found = JSON.parse(execFileSync(requires('python'), ['-c', reader, file], { encoding: 'utf8' })) as Record<string, unknown>;
    expect(found, `seed ${seed}`).toMatchObject({ other: [] });
    expect(found['read']).toBeGreaterThan(runs / 20);
  });
});
