import type { WriteStream } from 'node:tty';
import type { BatchFieldsFragment, ProcessingUpdatesSubscription } from '../../src/sdk/generated.ts';

export type Update = ProcessingUpdatesSubscription['processingUpdates'];

/** Shows how files and their batch come along. */
export interface Board {
  file(name: string, update: Update): void;
  batch(batch: BatchFieldsFragment): void;
  /** The connection was lost or is back. */
  note(text: string): void;
}

const BAR_CELLS = 20;
/** Columns of a terminal that does not say how wide it is. */
const COLUMNS = 100;

const endedOf = ({ processedItems, failedItems, cancelledItems }: BatchFieldsFragment): number =>
  processedItems + failedItems + cancelledItems;

function batchLine(batch: BatchFieldsFragment): string {
  const failed = batch.failedItems > 0 ? `, ${batch.failedItems} of them failed` : '';
  return `${endedOf(batch)} of ${batch.totalItems} files have ended${failed}`;
}

function bar(percent: number): string {
  const full = Math.round((percent / 100) * BAR_CELLS);
  return '█'.repeat(full) + '░'.repeat(BAR_CELLS - full);
}

function fileLine(name: string, width: number, update: Update | undefined): string {
  const percent = update?.progress ?? 0;
  const message = update?.message ?? 'Waiting for its turn.';
  return `  ${name.padEnd(width)}  ${bar(percent)} ${String(percent).padStart(3)} %  ${message}`;
}

/** For a terminal: a line a file that is written over as it moves on. */
export function liveBoard(terminal: Pick<WriteStream, 'columns' | 'write'>, names: readonly string[]): Board {
  const updates = new Map<string, Update>();
  const width = Math.max(...names.map((name) => name.length));
  let summary = '';
  let drawn = 0;

  function draw(): void {
    const columns = terminal.columns || COLUMNS;
    const lines = [...names.map((name) => fileLine(name, width, updates.get(name))), '', `  ${summary}`];
    const up = drawn === 0 ? '' : `\x1b[${drawn}A`;
    // A line that wraps would be two lines to go up.
    terminal.write(up + lines.map((line) => `\x1b[2K${line.slice(0, columns - 1)}\n`).join(''));
    drawn = lines.length;
  }

  draw();
  return {
    file(name, update) {
      updates.set(name, update);
      draw();
    },
    batch(batch) {
      const left =
        batch.estimatedCompletion === null ? 0 : Date.parse(batch.estimatedCompletion) - Date.now();
      summary = `${batchLine(batch)}${left > 0 ? `, about ${Math.ceil(left / 1000)} s left` : ''}.`;
      draw();
    },
    note(text) {
      summary = text;
      draw();
    },
  };
}

/** For a file or a pipe: a line whenever more files have ended. */
export function plainBoard(out: (text: string) => void): Board {
  let shown = -1;
  return {
    file() {},
    batch(batch) {
      const ended = endedOf(batch);
      if (ended === shown) return;
      shown = ended;
      const percent = Math.floor((ended / batch.totalItems) * 100);
      out(`  ${String(percent).padStart(3)} %  ${batchLine(batch)}.\n`);
    },
    note: (text) => out(`  ${text}\n`),
  };
}
