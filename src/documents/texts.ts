import type { Text } from '@codemirror/state';
import { applySplice, toText } from '../text/splice.ts';
import { MAX_REVISIONS_BEHIND } from './change.ts';
import { findSnapshot, readChanges, type Snapshot, saveSnapshot } from './log.ts';
import type { DocumentKey } from './store.ts';
import type { DocumentQuery } from './tables.ts';
import { Timeline } from './timeline.ts';

/** Documents whose text is kept in memory. */
export const MAX_CACHED_DOCUMENTS = 500;
/** UTF-16 code units that all cached timelines may hold together. */
export const MAX_CACHED_CHARS = 32_000_000;
/** UTF-16 code units of the log that are read to reach back to an old base. */
const MAX_CHARS_BEHIND = 16_000_000;
/** A snapshot is written when the log has grown by so many revisions since the last. */
const SNAPSHOT_REVISIONS = 500;
/** Rows of the log that one query reads. */
const PAGE_REVISIONS = 500;

interface Cached {
  readonly timeline: Timeline;
  readonly weight: number;
  /** Revision of the newest snapshot, as far as known; one that could not be written counts, so as not to insist. */
  snapshotAt: number;
}

/** The texts of documents: read from the newest snapshot and the log after it, the ones in use kept in memory. */
export function createTexts(query: DocumentQuery, onSnapshotError: (error: unknown) => void) {
  /** Least recently used first. */
  const cache = new Map<string, Cached>();
  let cachedChars = 0;
  /** Texts being read, so that each is read once; no more than the requests being served wait for. */
  const loading = new Map<string, Promise<Timeline>>();
  const saves = new Set<Promise<void>>();

  const nameOf = ({ tenantId, documentId }: DocumentKey) => `${tenantId}/${documentId}`;

  function forget(name: string): void {
    cachedChars -= cache.get(name)?.weight ?? 0;
    cache.delete(name);
  }

  /** Caches a timeline, unless one as new is there already. Returns what is cached then. */
  function keep(key: DocumentKey, timeline: Timeline, snapshotAt: number): Cached {
    const name = nameOf(key);
    const known = cache.get(name);
    if (known && known.timeline.revision >= timeline.revision) return known;
    forget(name);
    const trimmed = timeline.trimmed();
    const cached = { timeline: trimmed, weight: trimmed.weight, snapshotAt: known?.snapshotAt ?? snapshotAt };
    cache.set(name, cached);
    cachedChars += cached.weight;
    for (const [oldest] of cache) {
      if (cache.size <= MAX_CACHED_DOCUMENTS && cachedChars <= MAX_CACHED_CHARS) break;
      if (oldest !== name) forget(oldest);
    }
    return cached;
  }

  const snapshotBefore = async (key: DocumentKey, revision: number): Promise<Snapshot> =>
    (await findSnapshot(query, key, revision)) ?? { revision: 0, content: '' };

  /** Appends the log to a timeline; false when it gave up because `most` units had been read. */
  async function readOn(
    key: DocumentKey,
    timeline: Timeline,
    { from = query, most = Number.POSITIVE_INFINITY } = {},
  ): Promise<boolean> {
    let chars = 0;
    for (;;) {
      const page = await readChanges(from, key, timeline.revision, PAGE_REVISIONS);
      for (const change of page) {
        timeline.advance(change);
        chars += change.length + change.content.length;
      }
      if (page.length < PAGE_REVISIONS) return true;
      if (chars > most) return false;
    }
  }

  /** The text at a revision, with no way back from it. */
  async function read(key: DocumentKey, revision: number): Promise<Text> {
    const snapshot = await snapshotBefore(key, revision);
    let text = toText(snapshot.content);
    for (let at = snapshot.revision; at < revision; ) {
      const page = await readChanges(query, key, at, Math.min(PAGE_REVISIONS, revision - at));
      if (page.length === 0)
        throw new Error(`The log of ${key.documentId} ends before revision ${revision}.`);
      text = page.reduce(applySplice, text);
      at += page.length;
    }
    return text;
  }

  async function load(key: DocumentKey): Promise<Timeline> {
    const snapshot = await snapshotBefore(key, Number.MAX_SAFE_INTEGER);
    const timeline = new Timeline(toText(snapshot.content), snapshot.revision);
    await readOn(key, timeline);
    return keep(key, timeline, snapshot.revision).timeline;
  }

  /** The cached timeline, or one read from the database. It may lie behind the log by what others just appended. */
  function current(key: DocumentKey): Promise<Timeline> {
    const name = nameOf(key);
    const cached = cache.get(name);
    if (cached) {
      cache.delete(name);
      cache.set(name, cached);
      return Promise.resolve(cached.timeline);
    }
    const running = loading.get(name) ?? load(key).finally(() => loading.delete(name));
    loading.set(name, running);
    return running;
  }

  async function saveIfDue(key: DocumentKey, cached: Cached): Promise<void> {
    const { revision, text } = cached.timeline;
    if (revision - cached.snapshotAt < SNAPSHOT_REVISIONS) return;
    cached.snapshotAt = revision;
    try {
      await saveSnapshot(query, key, { revision, content: text.toString() });
    } catch (error) {
      // The log is the truth: a missing snapshot costs time at the next load and nothing else.
      onSnapshotError(error);
    }
  }

  return {
    current,

    /**
     * A fork of the document's timeline, to place changes on. It reaches back to all of the bases that a change may
     * have (MAX_REVISIONS_BEHIND, MAX_CHARS_BEHIND); who asks for an older one finds that `oldest` is newer.
     */
    async reaching(key: DocumentKey, bases: readonly number[]): Promise<Timeline> {
      const timeline = await current(key);
      const near = bases.filter((base) => base >= 0 && timeline.revision - base <= MAX_REVISIONS_BEHIND);
      const base = Math.min(timeline.revision, ...near);
      if (base >= timeline.oldest) return timeline.fork();
      const older = new Timeline(await read(key, base), base);
      return (await readOn(key, older, { most: MAX_CHARS_BEHIND })) ? older : timeline.fork();
    },

    /** Appends to a timeline what stands in the log after it, as the transaction sees it. */
    async readOn(key: DocumentKey, timeline: Timeline, transaction: DocumentQuery): Promise<void> {
      await readOn(key, timeline, { from: transaction });
    },

    /** Makes a timeline that has been committed the current one, and writes a snapshot when one is due. */
    committed(key: DocumentKey, timeline: Timeline): void {
      // One that the cache has dropped in the meantime is as if it had a snapshot: the next load finds out.
      const saving = saveIfDue(key, keep(key, timeline, timeline.revision));
      saves.add(saving);
      void saving.finally(() => saves.delete(saving));
    },

    /** The text at a revision that the document has. */
    async at(key: DocumentKey, revision: number): Promise<Text> {
      const timeline = await current(key);
      if (revision < timeline.oldest) return read(key, revision);
      if (revision <= timeline.revision) return timeline.textAt(revision);
      const ahead = timeline.fork();
      await readOn(key, ahead);
      keep(key, ahead, ahead.revision);
      return ahead.textAt(revision);
    },

    /** Drops a document from memory. */
    forget: (key: DocumentKey): void => forget(nameOf(key)),

    /** Resolves when no snapshot is being written. */
    async settled(): Promise<void> {
      await Promise.all(saves);
    },
  };
}

export type Texts = ReturnType<typeof createTexts>;
