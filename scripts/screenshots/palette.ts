// Pictures of screens with 256 colours instead of 16 million: nobody sees the difference, and they are a third in size.
import { writeFileSync } from 'node:fs';
import { deflateSync, inflateSync, crc32 } from 'node:zlib';

const signature = Buffer.from('89504e470d0a1a0a', 'hex');
const most = 256;

/** Writes a PNG of 8 bits per channel, as browsers take them, with at most 256 colours. */
export function withFewColours(png: Buffer, file: string): void {
  const { width, height, channels, pixels } = decoded(png);
  const colours = paletteOf(pixels, channels);
  const nearest = new Map<number, number>();
  const rows = Buffer.alloc((width + 1) * height);
  for (let at = 0, to = 0; at < pixels.length; at += channels, to += 1) {
    if (to % (width + 1) === 0) to += 1;
    const colour = colourAt(pixels, at);
    let index = nearest.get(colour);
    if (index === undefined) nearest.set(colour, (index = nearestOf(colour, colours)));
    rows[to] = index;
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const palette = Buffer.from(colours.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  const parts = [chunk('IHDR', head), chunk('PLTE', palette), chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })), chunk('IEND')];
  writeFileSync(file, Buffer.concat([signature, ...parts]));
}

function colourAt(pixels: Buffer, at: number): number {
  return ((pixels[at] ?? 0) << 16) | ((pixels[at + 1] ?? 0) << 8) | (pixels[at + 2] ?? 0);
}

/** Surfaces: each keeps its own colour, however near it is to another. */
const surfaces = 80;

/** The most frequent colours; of the others, those that nearly are one of them already are not worth a place. */
function paletteOf(pixels: Buffer, channels: number): number[] {
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += channels) {
    const colour = colourAt(pixels, at);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const byCount = [...counts].toSorted((a, b) => b[1] - a[1]).map(([colour]) => colour);
  for (let apart = 0; ; apart += 6) {
    const chosen = byCount.slice(0, surfaces);
    for (const colour of byCount.slice(surfaces)) if (chosen.every((one) => distance(one, colour) > apart * apart)) chosen.push(colour);
    if (chosen.length <= most) return chosen;
  }
}

function nearestOf(colour: number, colours: readonly number[]): number {
  let [best, least] = [0, Infinity];
  for (const [index, one] of colours.entries()) {
    const far = distance(one, colour);
    if (far < least) [best, least] = [index, far];
  }
  return best;
}

function distance(a: number, b: number): number {
  const [red, green, blue] = [(a >> 16) - (b >> 16), ((a >> 8) & 255) - ((b >> 8) & 255), (a & 255) - (b & 255)];
  return red * red + green * green + blue * blue;
}

function chunk(type: string, data: Buffer = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

interface Picture {
  readonly width: number;
  readonly height: number;
  /** 3, or 4 with an alpha that is of no matter here. */
  readonly channels: number;
  readonly pixels: Buffer;
}

/** PNG (W3C, Portable Network Graphics, 2nd ed.), as far as a browser's screenshot needs it. */
function decoded(png: Buffer): Picture {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const channels = png[25] === 2 ? 3 : 4;
  const data: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const filtered = inflateSync(Buffer.concat(data));
  const stride = width * channels;
  const pixels = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y += 1) unfilter(filtered, y, stride, channels, pixels);
  return { width, height, channels, pixels };
}

function unfilter(filtered: Buffer, y: number, stride: number, channels: number, pixels: Buffer): void {
  const kind = filtered[y * (stride + 1)];
  for (let x = 0; x < stride; x += 1) {
    const to = y * stride + x;
    const left = x < channels ? 0 : (pixels[to - channels] ?? 0);
    const up = y === 0 ? 0 : (pixels[to - stride] ?? 0);
    const corner = x < channels || y === 0 ? 0 : (pixels[to - stride - channels] ?? 0);
    const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][kind ?? 0] ?? 0;
    pixels[to] = (filtered[y * (stride + 1) + 1 + x] ?? 0) + guess;
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
