import type { Viewer } from '../../src/platform/graphql/context.ts';
import { createDesk, type Service, type ServiceOptions, viewerOf } from '../support/documents.ts';

/** Documents that are indexed as soon as they are there, and searches in few words. */
export function libraryOf({ documents }: Service) {
  const find = async (search: string, viewer = ada): Promise<string[]> =>
    (await documents.search(viewer, search).page(100, null)).map(({ id }) => id);
  return {
    find,
    /** The same, as a set. */
    findSorted: async (search: string, viewer?: Viewer) => (await find(search, viewer)).sort(),
    count: (search: string, viewer = ada): Promise<number> => documents.search(viewer, search).count(),
    scores: async (search: string, viewer = ada): Promise<[string, number][]> =>
      (await documents.search(viewer, search).page(100, null)).map(({ id, score }) => [id, score]),
    async put(id: string, title: string, content = '', viewer = ada): Promise<string> {
      await documents.create(viewer, { id, title, content });
      await documents.indexer.index({ tenantId: viewer.tenantId, documentId: id });
      return id;
    },
  };
}

export type Library = ReturnType<typeof libraryOf>;

export const ada = viewerOf('ada');
export const bob = viewerOf('bob');
/** The same user id in another tenant. */
export const stranger = viewerOf('ada', 'globex');

/** A desk with one instance and its library. */
export async function createLibrary(options?: ServiceOptions) {
  const desk = await createDesk();
  const service = await desk.open(options);
  return { desk, service, ...libraryOf(service) };
}
