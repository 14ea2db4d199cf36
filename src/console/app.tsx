import type { Session } from './session/session.ts';
import { SignIn } from './session/sign-in.tsx';
import { SignInAgain } from './session/sign-in-again.tsx';
import { Workspace } from './shell/workspace.tsx';
import { Loading } from './ui/states.tsx';
import { useObservable } from './ui/use-observable.ts';

/** The console: who has not signed in sees nothing else, and who must do it again keeps the page beneath. */
export function App({ session }: { readonly session: Session }) {
  const state = useObservable(session.state);
  if (state.status === 'checking')
    return (
      <main className="gate">
        <Loading label="Signing in…" />
      </main>
    );
  if (state.status === 'out') return <SignIn session={session} problem={state.problem} />;
  const { user } = state;
  return (
    <>
      <Workspace key={`${user.tenantId}/${user.id}`} session={session} user={user} />
      {state.status === 'expired' && <SignInAgain session={session} user={user} />}
    </>
  );
}
