import { useEffect } from 'react';
import type { Problem } from '../api/problem.ts';
import { Logo } from '../ui/logo.tsx';
import type { Session } from './session.ts';
import { SignInForm } from './sign-in-form.tsx';

/** The page of who has not signed in. */
export function SignIn({
  session,
  problem,
}: {
  readonly session: Session;
  readonly problem: Problem | null;
}) {
  useEffect(() => {
    // Not that of the page before, which may be a document's.
    document.title = 'Sign in · Quire';
  }, []);
  return (
    <main className="gate">
      <div className="card gate-card">
        <Logo />
        <h1>Sign in</h1>
        <p className="quiet">Documents that people edit together and machines read.</p>
        <SignInForm session={session} problem={problem} />
      </div>
    </main>
  );
}
