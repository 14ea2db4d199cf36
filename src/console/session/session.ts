import { ConnectionLost, OperationError } from '../../sdk/errors.ts';
import { ViewerDocument } from '../../sdk/generated.ts';
import { createSubject, type Observable } from '../../sdk/observable.ts';
import { type Problem, problemOf } from '../api/problem.ts';
import { request } from '../api/request.ts';

/** Who has signed in. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
}

export type SessionState =
  | { readonly status: 'checking' }
  /** The problem is why the token that was there does not do. */
  | { readonly status: 'out'; readonly problem: Problem | null }
  | { readonly status: 'in'; readonly user: User }
  /** Still on the page, but with a token that is refused: all requests wait for another one. */
  | { readonly status: 'expired'; readonly user: User };

/** A user's tokens. They are of no use for what somebody else has begun: it does not go on in another's name. */
export interface Credentials {
  /**
   * The token of now; while it has expired, the user's next one. Rejects with OperationError (UNAUTHENTICATED) when the user
   * has signed out, or somebody else has signed in.
   */
  token(): Promise<string>;
  /** A server has refused this token. Nothing happens when there is another one by now. */
  expire(token: string): void;
}

export interface Session {
  readonly state: Observable<SessionState>;
  credentialsOf(user: User): Credentials;
  /** Tries out a token and keeps it. Rejects with OperationError or ConnectionLost, and changes nothing then. */
  signIn(token: string): Promise<void>;
  signOut(): void;
  /** Signs in with the token that this tab has kept, if it has one. */
  resume(): Promise<void>;
}

/** Where a tab keeps its token: it goes with the tab, and into no URL. */
const TOKEN_KEY = 'quire.token';

const viewerOf = async (token: string): Promise<User> => {
  const { viewer } = await request(token, ViewerDocument, {});
  return { id: viewer.user.id, name: viewer.user.name, tenantId: viewer.tenantId };
};

/** Whether two names are one person's; ids are a tenant's own. */
const isSame = (one: User, other: User): boolean => one.id === other.id && one.tenantId === other.tenantId;

/** Who uses this tab. */
export function createSession(storage: Storage): Session {
  const state = createSubject<SessionState>(
    storage.getItem(TOKEN_KEY) === null ? { status: 'out', problem: null } : { status: 'checking' },
  );
  let token: string | null = null;

  const nextState = (): Promise<void> =>
    new Promise((resolve) => {
      const stop = state.subscribe(() => {
        stop();
        resolve();
      });
    });

  async function signIn(given: string): Promise<void> {
    const user = await viewerOf(given);
    token = given;
    storage.setItem(TOKEN_KEY, given);
    state.set({ status: 'in', user });
  }

  return {
    state,
    signIn,
    credentialsOf: (user) => {
      const isTheirs = (present: SessionState): boolean =>
        (present.status === 'in' || present.status === 'expired') && isSame(present.user, user);
      return {
        async token() {
          while (isTheirs(state.current)) {
            if (token !== null) return token;
            await nextState();
          }
          throw new OperationError([
            { message: 'You are not signed in.', extensions: { code: 'UNAUTHENTICATED' } },
          ]);
        },
        expire(refused) {
          if (token !== refused || state.current.status !== 'in') return;
          token = null;
          storage.removeItem(TOKEN_KEY);
          state.set({ status: 'expired', user: state.current.user });
        },
      };
    },
    signOut() {
      token = null;
      storage.removeItem(TOKEN_KEY);
      state.set({ status: 'out', problem: null });
    },
    async resume() {
      const kept = storage.getItem(TOKEN_KEY);
      if (kept === null) return;
      state.set({ status: 'checking' });
      try {
        await signIn(kept);
      } catch (error) {
        if (!(error instanceof OperationError || error instanceof ConnectionLost)) throw error;
        const problem = problemOf(error);
        // A server that is away, or cannot check it now, says nothing about the token.
        if (problem.code === 'UNAUTHENTICATED') storage.removeItem(TOKEN_KEY);
        state.set({ status: 'out', problem });
      }
    },
  };
}
