/// <reference lib="dom" />
import {
  Annotation,
  type ChangeSet,
  EditorState,
  type Extension,
  type Text,
  type TransactionSpec,
} from '@codemirror/state';
import { type EditorView, type PluginValue, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import { changeOf, difference } from '../../text/splice.ts';
import { EditError } from '../text/errors.ts';
import type { SharedText, TextChanged } from '../text/types.ts';
import { cursorsMoved } from './remote-cursors.ts';

/** Marks what comes from the shared text, so that it does not go back there. */
const fromShared = Annotation.define<true>();

export interface SyncOptions {
  /** Told when an edit cannot be made (see `EditError.code`); it is not made in the editor either. */
  readonly onRefused: (error: EditError) => void;
}

/**
 * Lets the editor and the shared text follow each other. Both change at once; what the shared text does in the middle
 * of an update of the view (a listener that edits) waits for its end, mapped over what the editor does meanwhile. For
 * one view.
 */
export function syncWith(shared: SharedText, { onRefused }: SyncOptions): Extension {
  let sync: Sync | undefined;

  class Sync implements PluginValue {
    readonly #view: EditorView;
    readonly #stops: readonly (() => void)[];
    /** What the shared text has done and the editor has not. */
    #behind: ChangeSet | null;
    #updating = true;
    /** The editor's own changes that have not come back as events. */
    readonly #own = new Set<ChangeSet>();
    /** Set when the editor holds what the shared text has refused. */
    #astray = false;
    #flushing = false;
    #closed = false;

    constructor(view: EditorView) {
      this.#view = view;
      // The editor may have been made before the text has changed.
      this.#behind = between(view.state.doc, shared.doc);
      this.#stops = [
        shared.on('changed', (event) => this.#take(event)),
        shared.cursors.subscribe(() => this.#flushSoon()),
      ];
      this.#flushSoon();
    }

    /** What the editor wants to do, as the shared text would do it. */
    translate(change: ChangeSet): ChangeSet {
      return this.#behind ? change.map(this.#behind) : change;
    }

    update(update: ViewUpdate): void {
      this.#updating = true;
      let edited = false;
      for (const transaction of update.transactions) {
        if (!transaction.docChanged || transaction.annotation(fromShared)) continue;
        edited = true;
        this.#tell(transaction.changes);
      }
      if (edited || update.selectionSet || (update.focusChanged && this.#view.hasFocus))
        this.#sayCursor(update);
      this.#updating = false;
    }

    destroy(): void {
      this.#closed = true;
      for (const stop of this.#stops) stop();
    }

    #tell(change: ChangeSet): void {
      const translated = this.translate(change);
      this.#behind = this.#behind && this.#behind.map(change, true);
      if (translated.empty) return;
      this.#own.add(translated);
      try {
        shared.change(translated);
      } catch (error) {
        this.#own.delete(translated);
        this.#astray = true;
        this.#flushSoon();
        if (!(error instanceof EditError)) throw error;
        onRefused(error);
      }
    }

    #take({ change, origin }: TextChanged): void {
      if (this.#own.delete(change)) return;
      this.#behind = this.#behind ? this.#behind.compose(change) : change;
      if (this.#updating) this.#flushSoon();
      else this.#flush(origin);
    }

    #flush(origin?: TextChanged['origin']): void {
      if (this.#closed) return;
      const changes = this.#astray ? between(this.#view.state.doc, shared.doc) : this.#behind;
      this.#behind = null;
      this.#astray = false;
      const own = changes && (origin === 'undo' || origin === 'redo') ? caretAfter(changes) : undefined;
      const spec: TransactionSpec = {
        ...(changes && { changes }),
        ...(own !== undefined && { selection: { anchor: own }, scrollIntoView: true }),
        effects: cursorsMoved.of(shared.cursors.current),
        annotations: fromShared.of(true),
        filter: false,
      };
      this.#view.dispatch(spec);
    }

    /** A view can not be changed while it is updated. */
    #flushSoon(): void {
      if (this.#flushing) return;
      this.#flushing = true;
      queueMicrotask(() => {
        this.#flushing = false;
        this.#updating = false;
        this.#flush();
      });
    }

    #sayCursor({ state }: ViewUpdate): void {
      const { head, anchor } = state.selection.main;
      shared.moveCursor(head, anchor === head ? null : anchor);
    }
  }

  const refusal = EditorState.transactionFilter.of((transaction) => {
    if (!transaction.docChanged || transaction.annotation(fromShared)) return transaction;
    const error = shared.problemOf(sync?.translate(transaction.changes) ?? transaction.changes);
    if (!error) return transaction;
    onRefused(error);
    return [];
  });
  const plugin = ViewPlugin.define((view) => {
    sync = new Sync(view);
    return sync;
  });
  return [plugin, refusal];
}

/** What turns one text into the other; null when they are equal. */
function between(from: Text, to: Text): ChangeSet | null {
  const splice = difference(from, to);
  return splice && changeOf(from.length, splice);
}

/** The end of the last place that a change has changed. */
function caretAfter(change: ChangeSet): number | undefined {
  let at: number | undefined;
  change.iterChangedRanges((_fromA, _toA, _fromB, toB) => {
    at = toB;
  });
  return at;
}
