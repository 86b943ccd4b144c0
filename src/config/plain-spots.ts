// Where the parts of a plain YAML text stand: one list of numbers for all of them, because there are hundreds of thousands.
import { chosenSpot, type Path, type Spot } from './locate.ts';

/** Of each part: where it begins, where it ends, and at which position of the list what follows it stands. */
const size = 3;

/** Parts in the order of the text: a map has its keys and values behind it, each key before its value; a list its items. */
export class PlainSpots {
  #list: Int32Array;
  #length = 0;
  /** The list and the item that were looked for last: the next look is mostly for the next item. */
  #last = { list: -1, index: 0, at: 0 };

  /** @param characters of the text */
  constructor(characters: number) {
    // Most parts take a line of their own, and few lines have less than twenty characters.
    this.#list = new Int32Array(64 + Math.ceil((characters * size) / 20));
  }

  /** A part without parts. */
  leaf(start: number, end: number): void {
    this.#put(start, end, this.#length + size);
  }

  /** Begins a part whose parts are told before its end. */
  open(start: number): number {
    this.#put(start, start, 0);
    return this.#length - size;
  }

  close(mark: number, end: number): void {
    this.#list[mark + 1] = end;
    this.#list[mark + 2] = this.#length;
  }

  #put(start: number, end: number, next: number): void {
    if (this.#length + size > this.#list.length) {
      const longer = new Int32Array(2 * this.#list.length);
      longer.set(this.#list);
      this.#list = longer;
    }
    this.#list[this.#length] = start;
    this.#list[this.#length + 1] = end;
    this.#list[this.#length + 2] = next;
    this.#length += size;
  }

  /** As `locate` has it. */
  locate(value: unknown, text: string, path: Path, part: 'key' | 'value'): Spot {
    let at = 0;
    let key: number | undefined;
    let below = value;
    for (const step of path) {
      const found = this.#child(at, below, step);
      if (found === undefined) return chosenSpot(text, { complete: false, part, key: this.#spot(key), value: this.#spot(at) });
      ({ at, key, below } = found);
    }
    return chosenSpot(text, { complete: true, part, key: this.#spot(key), value: this.#spot(at) });
  }

  #spot(at: number | undefined): Spot | undefined {
    if (at === undefined) return undefined;
    const offset = this.#list[at] ?? 0;
    return { offset, length: (this.#list[at + 1] ?? 0) - offset };
  }

  #child(at: number, value: unknown, step: string | number): { at: number; key: number | undefined; below: unknown } | undefined {
    if (Array.isArray(value)) {
      const index = Number(step);
      return index in value ? { at: this.#item(at, index), key: undefined, below: value[index] } : undefined;
    }
    if (typeof value !== 'object' || value === null) return undefined;
    let key = at + size;
    // Keys are in the order of the text: none of them is a number.
    for (const [name, below] of Object.entries(value)) {
      if (name === String(step)) return { at: key + size, key, below };
      key = this.#next(key + size);
    }
    return undefined;
  }

  #item(list: number, wanted: number): number {
    const last = this.#last;
    let { index, at } = last.list === list && last.index <= wanted ? last : { index: 0, at: list + size };
    for (; index < wanted; index += 1) at = this.#next(at);
    this.#last = { list, index, at };
    return at;
  }

  #next(at: number): number {
    return this.#list[at + 2] ?? 0;
  }
}
