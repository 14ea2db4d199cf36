import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What docs/clients.md has people type, and what it says that they see. */
export interface Step {
  readonly command: string;
  /** Empty where nothing is shown. */
  readonly output: string;
}

/** The root of the checkout, with a slash at its end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

const page = readFileSync(`${root}docs/clients.md`, 'utf8');

/** The files of the page, by their names. Throws when there is none. */
export function filesOfPage(): ReadonlyMap<string, string> {
  const files = new Map(
    [...page.matchAll(/^```ts file=(\S+)\n([^]*?)^```$/gm)].map(([, name = '', text = '']) => [name, text]),
  );
  if (files.size === 0) throw new Error('docs/clients.md has no file.');
  return files;
}

/** The commands of the page in their order. Throws when there is none. */
export function stepsOfPage(): readonly Step[] {
  const blocks = page.matchAll(/^```bash terminal=2\n([^]*?)^```$(?:\n\n^```\n([^]*?)^```$)?/gm);
  const steps = [...blocks].map(([, command = '', output = '']) => ({ command, output }));
  if (steps.length === 0) throw new Error('docs/clients.md has no command.');
  return steps;
}
