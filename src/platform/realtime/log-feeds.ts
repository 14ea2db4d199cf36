import { createLogFeed, type LogFeed, type LogFeedOptions, type LogSubscription } from './log-feed.ts';
import { eventsOf, type Source } from './source.ts';

/** How a log is read; `recheck` asks for everybody's access anew, as `LogFeed.recheck` does. */
export type OpenLog<E, V> = (recheck: () => void) => Omit<LogFeedOptions<E, V>, 'onClose'>;

/** The feeds of a process: one for each log that somebody watches. */
export interface LogFeeds<E, V> {
  /** Delivers the log of this name to one subscriber; it is opened where nobody watches it yet. */
  source(name: string, subscription: LogSubscription<E, V>, open: OpenLog<E, V>): Source<E>;
  /** The names of the logs that somebody watches. */
  names(): Iterable<string>;
  /** What is open now. */
  counts(): { readonly feeds: number; readonly groups: number; readonly subscribers: number };
}

/** Creates an empty set of feeds. */
export const createLogFeeds = <E, V>(): LogFeeds<E, V> => {
  const feeds = new Map<string, LogFeed<E, V>>();

  const feedOf = (name: string, open: OpenLog<E, V>): LogFeed<E, V> => {
    const known = feeds.get(name);
    if (known) return known;
    const feed: LogFeed<E, V> = createLogFeed<E, V>({
      ...open(() => feed.recheck()),
      onClose() {
        if (feeds.get(name) === feed) feeds.delete(name);
      },
    });
    feeds.set(name, feed);
    return feed;
  };

  return {
    source(name, subscription, open) {
      const source: Source<E> = {
        deliver: (audience, sink) => feedOf(name, open).subscribe(subscription, audience, sink),
        [Symbol.asyncIterator]: () => eventsOf(source),
      };
      return source;
    },
    names: () => feeds.keys(),
    counts() {
      let groups = 0;
      let subscribers = 0;
      for (const feed of feeds.values()) {
        groups += feed.groups;
        subscribers += feed.members;
      }
      return { feeds: feeds.size, groups, subscribers };
    },
  };
};
