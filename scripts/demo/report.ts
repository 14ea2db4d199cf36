import type { AlertFieldsFragment } from '../../src/sdk/generated.ts';
import type { Update } from './board.ts';

/** Keywords of a file that are shown. */
const SHOWN_KEYWORDS = 3;

/** A document of this run, and the file that it came from. */
export interface DemoDocument {
  readonly id: string;
  readonly name: string;
}

const row = (cells: readonly (readonly [text: string, width: number])[]): string =>
  `  ${cells.map(([text, width]) => text.padEnd(width)).join('  ')}`.trimEnd();

const nameWidth = (documents: readonly DemoDocument[]): number =>
  Math.max(...documents.map(({ name }) => name.length));

/** What was found of each file, or why nothing was. */
export function resultLines(documents: readonly DemoDocument[], ends: readonly Update[]): string[] {
  const width = nameWidth(documents);
  return documents.map(({ name }, index) => {
    const { result, error, message } = ends[index] ?? {};
    if (!result)
      return row([
        [name, width],
        ['failed', 0],
        [error ?? message ?? '', 0],
      ]);
    const { language, statistics, keywords } = result;
    const words = `${statistics?.words.toLocaleString('en') ?? 0} words`;
    const terms = keywords?.slice(0, SHOWN_KEYWORDS).map(({ term }) => term) ?? [];
    return row([
      [name, width],
      [language?.code ?? '–', 2],
      [words.padStart(12), 12],
      [terms.join(', '), 0],
    ]);
  });
}

/** The alerts in the order of their files, the most severe of a file first; beneath each, what was found, masked. */
export function alertLines(
  documents: readonly DemoDocument[],
  alerts: readonly AlertFieldsFragment[],
): string[] {
  const width = nameWidth(documents);
  return documents.flatMap(({ id, name }) =>
    alerts
      .filter(({ documentId }) => documentId === id)
      .sort((one, other) => other.severity - one.severity)
      .flatMap(({ severity, message, findings }) => [
        row([
          [name, width],
          [String(severity), 1],
          [message, 0],
        ]),
        row([
          ['', width],
          ['', 1],
          [findings.map(({ rule, excerpt }) => `${rule} ${excerpt}`).join(', '), 0],
        ]),
      ]),
  );
}
