// The links of an archive, as a tree of the segments of their paths: a path is followed for as long as it could lead to one.

interface Folder {
  readonly below: Map<string, Folder>;
  link: boolean;
}

export class Links {
  readonly #root: Folder = { below: new Map(), link: false };
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(path: readonly string[]): void {
    let at = this.#root;
    for (const segment of path) {
      const next: Folder = at.below.get(segment) ?? { below: new Map(), link: false };
      at.below.set(segment, next);
      at = next;
    }
    if (!at.link) this.#size += 1;
    at.link = true;
  }

  /** Whether the path, or a folder above it, is a link. Looks at no more segments than links have. */
  leadsTo(path: readonly string[]): boolean {
    let at: Folder | undefined = this.#root;
    for (const segment of path) {
      at = at.below.get(segment);
      if (at === undefined) return false;
      if (at.link) return true;
    }
    return false;
  }
}
