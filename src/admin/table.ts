// Tables: with a caption, aligned numbers, and on a small screen a card for each row. The roles are written out because a
// browser forgets that a table is one when it is laid out as cards.
import { html, type Html, type Part } from './html.ts';

export interface Column<Row> {
  readonly head: string;
  /** Undefined: nothing to show, and no line of a card for it. */
  readonly cell: (row: Row) => Part;
  /** `lead` heads the row, `when` and `mark` stand beside it on a card; `number` is aligned at its end; `name` may break anywhere. */
  readonly kind?: 'lead' | 'when' | 'mark' | 'number' | 'name';
}

export interface TableOptions<Row> {
  /** What it is of, for whoever does not see where it stands. */
  readonly caption: Part;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Has its rows narrowed down by what is typed above it, where there is a script. */
  readonly filter?: { readonly id: string; readonly label: string };
}

export function table<Row>({ caption, columns, rows, filter }: TableOptions<Row>): Html {
  return html`${filter !== undefined && filterField(filter)}
    <table role="table" ${filter !== undefined && html` id="${filter.id}"`}>
      <caption>
        ${caption}
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          ${columns.map(headOf)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(
          (row) =>
            html`<tr role="row">
              ${columns.map((column) => cellOf(column, row))}
            </tr> `,
        )}
      </tbody>
    </table>`;
}

/** Hidden until the script shows it: without one it would do nothing. */
export function filterField({ id, label }: { readonly id: string; readonly label: string }): Html {
  return html`<p class="narrow" hidden>
    <label>${label} <input type="search" data-narrows="${id}" autocomplete="off" spellcheck="false" /></label> <output></output>
  </p>`;
}

function headOf<Row>({ head, kind }: Column<Row>): Html {
  return html`<th role="columnheader" scope="col" ${kind === 'number' && html` class="number"`}>${head}</th>`;
}

function cellOf<Row>({ head, cell, kind }: Column<Row>, row: Row): Html {
  const content = cell(row);
  if (content === undefined || content === false || content === '') return html`<td role="cell" class="empty"></td>`;
  if (kind === 'lead') return html`<th role="rowheader" scope="row">${content}</th>`;
  return html`<td role="cell" data-label="${head}" ${kind !== undefined && html` class="${kind}"`}><div>${content}</div></td>`;
}

/** Terms and what they are; those without a value are left out. */
export function facts(rows: readonly (readonly [string, Part])[]): Html {
  const known = rows.filter(([, value]) => value !== undefined && value !== '' && value !== false);
  return html`<dl class="facts">
    ${known.map(
      ([term, value]) =>
        html`<div>
          <dt>${term}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** What stands where there is nothing yet: what it would be, and what to do. */
export function nothing(title: string, advice: Part): Html {
  return html`<div class="nothing">
    <p class="title">${title}</p>
    <p>${advice}</p>
  </div>`;
}

/** A piece of a file or a command, to be copied. */
export function code(text: string, label: string): Html {
  return html`<pre tabindex="0" role="group" aria-label="${label}"><code>${text}</code></pre>`;
}
