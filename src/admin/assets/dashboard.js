// What the dashboard does beyond its pages, where there is a script: rows are narrowed down as somebody types, and what is new
// comes by itself. Every page is complete without it.

/** Milliseconds between two looks for something new. */
const pause = 15_000;

/** What was typed, by the list that it narrows down. */
const typed = new Map();

/** Leaves the rows that have every word. */
function narrow(id) {
  const words = (typed.get(id) ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  const list = document.getElementById(id);
  if (list === null) return;
  const rows = [...(list.tBodies?.[0]?.rows ?? list.children)];
  for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
  const left = rows.filter((row) => !row.hidden).length;
  const output = document
    .querySelector(`[data-narrows="${CSS.escape(id)}"]`)
    ?.closest('p')
    .querySelector('output');
  if (output) output.textContent = words.length === 0 ? '' : `${left} of ${rows.length} on this page`;
}

/** Fields for narrowing down are of no use without this, so they are hidden until now. */
function dress() {
  for (const input of document.querySelectorAll('[data-narrows]')) {
    const id = input.dataset.narrows;
    input.closest('p').hidden = false;
    input.value = typed.get(id) ?? '';
    input.addEventListener('input', () => {
      typed.set(id, input.value);
      narrow(id);
    });
    narrow(id);
  }
}

/** A disclosure by the text of its head. */
function headOf(details) {
  return details.querySelector('summary')?.textContent ?? '';
}

/** What a page says, without how long ago it was. */
function saidBy(main) {
  const copy = main.cloneNode(true);
  for (const time of copy.querySelectorAll('time, .live')) time.remove();
  return copy.textContent;
}

/** Whoever reads may not want the page to move (WCAG 2.2.2): it can be paused, and stays so in this tab. */
function control() {
  let going = sessionStorage.getItem('live') !== 'off';
  const line = document.createElement('p');
  const status = document.createElement('span');
  const button = document.createElement('button');
  line.className = 'live';
  status.setAttribute('role', 'status');
  button.type = 'button';
  button.className = 'quiet';
  line.append(status, button);
  const show = () => {
    status.textContent = going ? 'Live' : 'Paused';
    button.textContent = going ? 'Pause' : 'Resume';
  };
  button.addEventListener('click', () => {
    going = !going;
    sessionStorage.setItem('live', going ? 'on' : 'off');
    show();
  });
  show();
  return { line, status, button, isGoing: () => going };
}

function live(main) {
  const { line, status, button, isGoing } = control();
  main.querySelector('.head').append(line);

  /** Nobody is interrupted who types, or has something of the page under the keyboard. */
  const busy = () => main.contains(document.activeElement) && ![main, button].includes(document.activeElement);

  const look = async () => {
    if (!isGoing() || document.hidden || busy()) return;
    const answer = await fetch(location.href, { headers: { accept: 'text/html' }, redirect: 'error' });
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('main[data-live]');
    if (next === null || !isGoing() || busy()) return;
    const isNew = saidBy(next) !== saidBy(main);
    const open = [...main.querySelectorAll('details[open]')].map(headOf);
    for (const details of next.querySelectorAll('details')) details.open ||= open.includes(headOf(details));
    const focused = document.activeElement === button;
    next.querySelector('.head').append(line);
    main.replaceChildren(...next.childNodes);
    dress();
    if (focused) button.focus();
    // Said aloud only when there is something to be told.
    if (isNew) status.textContent = `Updated ${new Date().toLocaleTimeString()}`;
  };

  // A look that fails is made up for by the next one.
  setInterval(() => look().catch(() => undefined), pause);
}

dress();
const page = document.querySelector('main[data-live]');
if (page !== null) live(page);
