// `npm run first-five-minutes`: plays the first set-up, and prints it as it happens.
import { playFirstMinutes } from './play.ts';

const { characters } = await playFirstMinutes((text) => console.log(`${text}\n`));
console.log(`${characters} characters were typed.`);
