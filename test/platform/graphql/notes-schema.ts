import { DirectiveLocation, GraphQLDirective, GraphQLSchema } from 'graphql';
import { createBuilder, PER_VIEWER, platformScopes } from '../../../src/platform/graphql/builder.ts';

export interface Note {
  readonly id: string;
  readonly text: string;
  /** Counts how often it was executed. */
  readonly onRender?: () => void;
  /** What its `slow` waits for. */
  readonly slow?: () => Promise<string>;
}

const nothing = async function* (): AsyncGenerator<Note> {};

/** A schema of the platform's builder, with all ways in which a field may depend on the viewer. */
export const notesSchema = (): GraphQLSchema => {
  const granted = () => true;
  const builder = createBuilder({
    ...platformScopes,
    documentReader: granted,
    documentEditor: granted,
    documentOwner: granted,
  });
  const authenticated = { authScopes: { authenticated: true } } as const;

  const NoteRef = builder.objectRef<Note>('Note');
  const Author = builder.objectRef<{ readonly name: string }>('Author').implement({
    fields: (t) => ({
      name: t.exposeString('name'),
      secretName: t.string({ ...authenticated, resolve: ({ name }) => name }),
      notes: t.field({ type: [NoteRef], resolve: (): Note[] => [] }),
    }),
  });
  const Vault = builder.objectRef<{ readonly gold: number }>('Vault').implement({
    ...authenticated,
    fields: (t) => ({ gold: t.exposeInt('gold') }),
  });
  const Thing = builder.interfaceRef<{ readonly name: string }>('Thing').implement({
    fields: (t) => ({ name: t.exposeString('name') }),
  });
  const Pebble = builder.objectRef<{ readonly name: string; readonly weight: number }>('Pebble').implement({
    interfaces: [Thing],
    isTypeOf: () => true,
    fields: (t) => ({ weight: t.exposeInt('weight') }),
  });
  const Guarded = builder.interfaceRef<{ readonly title: string }>('Guarded').implement({
    fields: (t) => ({ title: t.exposeString('title') }),
  });
  builder.objectRef<{ readonly title: string }>('GuardedNote').implement({
    interfaces: [Guarded],
    isTypeOf: () => true,
    fields: (t) => ({ title: t.string({ ...authenticated, resolve: ({ title }) => title }) }),
  });
  const Kept = builder.interfaceRef<{ readonly label: string }>('Kept').implement({
    fields: (t) => ({ label: t.exposeString('label') }),
  });
  builder.objectRef<{ readonly label: string }>('KeptBox').implement({
    ...authenticated,
    interfaces: [Kept],
    isTypeOf: () => true,
    fields: () => ({}),
  });
  const Rule = builder.interfaceRef<{ readonly rule: string }>('Rule').implement({
    ...authenticated,
    fields: (t) => ({ code: t.string({ resolve: () => 'code' }) }),
  });
  const Ruled = builder.objectRef<{ readonly rule: string }>('Ruled').implement({
    interfaces: [Rule],
    isTypeOf: () => true,
    fields: (t) => ({ rule: t.exposeString('rule') }),
  });
  const Find = builder.unionType('Find', { types: [Pebble, Vault], resolveType: () => 'Pebble' });

  NoteRef.implement({
    fields: (t) => ({
      id: t.exposeID('id'),
      text: t.string({
        resolve(note) {
          note.onRender?.();
          return note.text;
        },
      }),
      slow: t.string({ resolve: (note) => note.slow?.() ?? note.text }),
      shout: t.string({
        args: { times: t.arg.int({ required: true }) },
        resolve: ({ text }, { times }) => text.repeat(times),
      }),
      asker: t.string({
        nullable: true,
        extensions: PER_VIEWER,
        resolve: (_note, _args, { viewer }) => viewer?.name ?? null,
      }),
      /** Not marked, as it should be. */
      unmarked: t.string({ nullable: true, resolve: (_note, _args, { viewer }) => viewer?.name ?? null }),
      mine: t.boolean({ extensions: PER_VIEWER, resolve: () => true }),
      tenant: t.string({ nullable: true, resolve: (_note, _args, { tenantId }) => tenantId }),
      texts: t.string({ resolve: ({ text }, _args, { texts }) => texts.take(text) }),
      secret: t.string({ ...authenticated, resolve: ({ text }) => text }),
      author: t.field({ type: Author, resolve: ({ text }) => ({ name: text }) }),
      vault: t.field({ type: Vault, resolve: () => ({ gold: 1 }) }),
      thing: t.field({ type: Thing, resolve: () => ({ name: 'pebble', weight: 1 }) }),
      guarded: t.field({ type: Guarded, resolve: () => ({ title: 'title' }) }),
      kept: t.field({ type: Kept, resolve: () => ({ label: 'label' }) }),
      ruled: t.field({ type: Ruled, resolve: () => ({ rule: 'rule' }) }),
      find: t.field({ type: Find, resolve: () => ({ name: 'pebble', weight: 1 }) }),
    }),
  });

  builder.queryField('hello', (t) => t.string({ resolve: () => 'world' }));
  builder.mutationField('wave', (t) => t.boolean({ resolve: () => true }));
  builder.subscriptionFields((t) => {
    const notes = (authScopes?: { authenticated: boolean }) =>
      t.field({
        type: NoteRef,
        ...(authScopes && { authScopes }),
        args: {
          room: t.arg.id({ required: true }),
          after: t.arg.int(),
          echo: t.arg.boolean(),
          clientId: t.arg.id(),
        },
        subscribe: nothing,
        resolve: (note: Note) => note,
      });
    return { notes: notes(), memos: notes(), owned: notes({ authenticated: true }) };
  });

  const config = builder.toSchema().toConfig();
  const loud = new GraphQLDirective({
    name: 'loud',
    locations: [DirectiveLocation.FIELD, DirectiveLocation.INLINE_FRAGMENT],
  });
  return new GraphQLSchema({ ...config, directives: [...config.directives, loud] });
};
